"""`retailstream`, and `python -m retailstream`: the command line, and a word for whoever stops it before it begins."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line of this process; a signal while its parts are read is told as any later one."""
    try:
        from retailstream.cli.app import main as run  # noqa: PLC0415 -- what takes long must be where it is guarded

        run()
    except KeyboardInterrupt:
        from retailstream.interruption import InterruptedRunError  # noqa: PLC0415 -- it may not be there yet

        print(f"error: {InterruptedRunError.sentence}", file=sys.stderr)  # noqa: T201 -- there is no other way yet
        sys.exit(InterruptedRunError.exit_code)


if __name__ == "__main__":
    main()

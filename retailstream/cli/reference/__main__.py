"""`python -m retailstream.cli.reference`: write the generated pages, or with `--check` say which one is stale."""

from __future__ import annotations

import sys
from pathlib import Path

from retailstream.cli.reference.pages import stale, write

FOLDER = Path("docs", "reference")
"""Where the pages lie, from the checkout's folder."""


def main(words: list[str]) -> int:
    """Do what the words ask for, and return the exit code."""
    if words not in ([], ["--check"]):
        print("usage: python -m retailstream.cli.reference [--check]", file=sys.stderr)
        return 2
    if not FOLDER.is_dir():
        print(f"error: the folder {FOLDER} does not exist here; go to the checkout's folder", file=sys.stderr)
        return 2
    if not words:
        for page in write(FOLDER):
            print(f"written: {page}")
        return 0
    pages = stale(FOLDER)
    for page in pages:
        print(f"{page} is stale: `make docs` writes it anew", file=sys.stderr)
    return 1 if pages else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

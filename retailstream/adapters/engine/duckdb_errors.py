"""What makes DuckDB fail from outside, in words: files, the disk, the memory, and the limits of this process."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from retailstream.errors import RetailStreamError
from retailstream.interruption import behind

if TYPE_CHECKING:
    from collections.abc import Iterator

_AGAIN: Final = "then run the same command again"

_CAUSES: Final = (
    ("No space left on device", "the disk is full", f"make some space, {_AGAIN}"),
    ("Too many open files", "too many files are open: {}", f"raise the limit with ulimit -n, {_AGAIN}"),
    ("Permission denied", "a file cannot be read or written: {}", f"mend its permissions, {_AGAIN}"),
)
"""What the operating system says, what we say, and what is to be done; none of it harms a file."""

_DAMAGE: Final = "retailstream verify names what is damaged, and retailstream repair mends it"


@contextmanager
def mapped() -> Iterator[None]:
    """Turn errors of DuckDB that no query is to blame for into ours, and those that a signal has made into that."""
    try:
        yield
    except Exception as error:
        if told := from_outside(error):
            raise told from error
        if (cause := behind(error)) is not error:
            raise cause from error
        raise


def from_outside(error: Exception) -> RetailStreamError | None:
    """Return an error of DuckDB's that a file, the disk or the memory is to blame for, as ours."""
    if "duckdb" not in sys.modules:
        return None
    import duckdb  # noqa: PLC0415 -- it is there already

    # What a damaged file makes DuckDB raise has no class of its own: InvalidInputException, or the root itself.
    outside = duckdb.IOException, duckdb.InvalidInputException, duckdb.OutOfMemoryException
    if not isinstance(error, outside) and type(error) is not duckdb.Error:
        return None
    first_line = str(error).partition("\n")[0]
    for said, told, hint in _CAUSES:
        if said in first_line:
            return RetailStreamError(told.format(first_line), hint=hint)
    if isinstance(error, duckdb.OutOfMemoryException):
        hint = f"give DuckDB more with engine.memory, or free some, {_AGAIN}"
        return RetailStreamError(f"the memory is used up: {first_line}", hint=hint)
    return RetailStreamError(f"DuckDB failed: {first_line}", hint=_DAMAGE)

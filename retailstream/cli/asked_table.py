"""The words of `sqoop` about one table, as what is asked for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast, get_args

from retailstream.choices import Changes
from retailstream.errors import UsageError
from retailstream.runs import FileFormat, Incremental, TableRequest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def asked_table(
    table: str | None, words: Mapping[str, str | None], lists: Mapping[str, Sequence[str]], *, adopt: bool
) -> TableRequest | None:
    """Return which table is asked for, None for those of the pipeline; UsageError for words that say nothing."""
    given = {name: text for name, text in words.items() if text is not None}
    if table is None:
        named = [*given, *(name for name, texts in lists.items() if texts), *["--adopt"] * adopt]
        if named:
            raise UsageError(f"{named[0]} is about one table", hint="name it with --table")
        return None
    target = given.get("--target", table).lower()
    if not re.fullmatch(r"[a-z0-9_]+", target):
        hint = "give one of letters, digits and _ with --target"
        raise UsageError(f"'{target}' is no name of a table in the warehouse", hint=hint)
    columns = tuple(name.strip() for name in given.get("--columns", "").split(",") if name.strip())
    where, incremental, check_column = (given.get(name) for name in ("--where", "--incremental", "--check-column"))
    if where is not None and ("\n" in where or not where.strip()):
        raise UsageError("--where is no condition", hint="write one in SQL of the database, in one line")
    if incremental not in {None, *get_args(Incremental)}:
        raise UsageError(f"--incremental '{incremental}' is unknown", hint="use append or lastmodified")
    if bool(check_column) is not bool(incremental):
        example = "--incremental append --check-column ID, or --incremental lastmodified --check-column CHANGED"
        raise UsageError("--incremental and --check-column go together", hint=example)
    format_ = cast("FileFormat", given.get("--format", "parquet"))
    if format_ not in get_args(FileFormat):
        raise UsageError(f"--format '{format_}' is unknown", hint=f"use {' or '.join(get_args(FileFormat))}")
    step = cast("Incremental | None", incremental)
    changes = Changes(_renames(lists["--rename"]), frozenset(name.lower() for name in lists["--as-text"]))
    return TableRequest(
        table, target, columns or None, where, step, check_column, format_, adopt=adopt, changes=changes
    )


def _renames(texts: Sequence[str]) -> dict[str, str]:
    """Return pairs: `["Unit Price=price"]` → `{"unit price": "price"}`; UsageError for what is none."""
    found: dict[str, str] = {}
    for text in texts:
        column, _, name = text.rpartition("=")
        if not column or not re.fullmatch(r"\w+", name):
            hint = "give COLUMN=NAME, the name of letters, digits and _"
            raise UsageError(f"--rename '{text}' is no name of a column and another one", hint=hint)
        if found.setdefault(column.lower(), name.lower()) != name.lower():
            raise UsageError(f"--rename gives column '{column}' two names", hint="give it one")
    return found

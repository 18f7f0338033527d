"""Questions put to one version of a warehouse's tables, through whichever engine answers their queries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

from retailstream.contracts import CONTRACTS
from retailstream.errors import TransientError

if TYPE_CHECKING:
    import duckdb

    from retailstream.manifests import Manifest
    from retailstream.ports import Row, Table, Warehouse

Answer = TypeVar("Answer")

TRIES: Final = 5


@dataclass(frozen=True)
class Found:
    """The answer to a query: columns, DuckDB's types of them, and rows, which are the same whoever answers.

    A value is a Decimal with the digits of its type, a float, an int, a str, a date, a bool or None.
    """

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: list[Row]


def found_in(connection: duckdb.DuckDBPyConnection, query: str, values: Mapping[str, object]) -> Found:
    """Return what DuckDB answers to a query."""
    result = connection.execute(query, dict(values))
    columns = [(str(column[0]), str(column[1])) for column in result.description]
    return Found(tuple(name for name, _ in columns), tuple(type_ for _, type_ in columns), result.fetchall())


class QueryEngine(Protocol):
    """What answers queries over the tables `sales`, `features` and `stores`."""

    sees_changes: bool
    """Whether a query may see a newer version of the tables than the one before it."""

    def answer(self, name: str, query: str, values: Mapping[str, object]) -> Found:
        """Return the answer to a query in DuckDB's SQL, with a value for each `$name`; `name` is for the progress."""
        ...

    def local(self) -> duckdb.DuckDBPyConnection:
        """Return a connection of DuckDB, on this machine, that has the tables."""
        ...


@dataclass(frozen=True)
class Version:
    """A table, and the version of it that is to be asked."""

    table: Table
    manifest: Manifest


Opening = Callable[[Sequence[Version]], AbstractContextManager[QueryEngine]]


@dataclass(frozen=True)
class Asked(Generic[Answer]):
    """The answer to a question, and which of the tables have no rows."""

    found: Answer
    empty_tables: list[str]


def put(warehouse: Warehouse, opening: Opening, question: Callable[[QueryEngine], Answer]) -> Asked[Answer]:
    """Return the answer to a question put to one version of the tables.

    A table that is published anew in the middle may take its old files away, or show them and then the new ones: the
    question is then put again, to the new version. Raises TransientError where that happens all the time.
    """
    for last in (attempt == TRIES for attempt in range(1, TRIES + 1)):
        versions = _versions(warehouse)
        try:
            with opening(versions) as engine:
                found = question(engine)
        except Exception:
            if last or not _changed(warehouse, versions):
                raise
            continue
        if not engine.sees_changes or not _changed(warehouse, versions):
            empty = [version.table.contract.name for version in versions if not version.manifest.rows]
            return Asked(found, empty)
    raise TransientError(
        f"the tables of {warehouse.url} changed while they were asked, {TRIES} times in a row",
        hint="run the same command again",
    )


def _versions(warehouse: Warehouse) -> list[Version]:
    tables = [warehouse.table(contract) for contract in CONTRACTS.values()]
    return [Version(table, table.manifest()) for table in tables]


def _changed(warehouse: Warehouse, versions: Sequence[Version]) -> bool:
    return [version.manifest for version in _versions(warehouse)] != [version.manifest for version in versions]

"""The tables of another engine on this machine, for what is computed here and not there, such as the forecast."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from retailstream.contracts import CONTRACTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from retailstream.contracts import Contract


class LocalCopy:
    """A connection of DuckDB with copies of the tables, by key, made when it is first asked for.

    `copy` makes the table of a contract there.
    """

    def __init__(self, copy: Callable[[duckdb.DuckDBPyConnection, Contract], None]) -> None:
        self._copy = copy
        self._connection: duckdb.DuckDBPyConnection | None = None

    def connection(self) -> duckdb.DuckDBPyConnection:
        """Return it."""
        if self._connection is None:
            self._connection = duckdb.connect(":memory:")
            for contract in CONTRACTS.values():
                self._copy(self._connection, contract)
        return self._connection

    def close(self) -> None:
        """Let the copies go."""
        if self._connection:
            self._connection.close()

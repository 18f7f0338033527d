"""Rows into MySQL such that nothing is lost, cut or doubled on the way, and readers see all tables new or none.

LOAD DATA LOCAL skips what it dislikes and warns; so every batch must arrive without a warning and in full, and exact
sums over all columns must be those of what was sent, before anything is published. An empty table is filled in the
publishing transaction itself; for others rows wait in a temporary table, which the server drops with the connection,
however that ends, and then only the rows that differ are written.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import DBAPIError

from retailstream.adapters.database import mysql_tables as tables
from retailstream.adapters.database import mysql_text as text
from retailstream.adapters.database.mysql_errors import FORBIDDEN, code_of
from retailstream.errors import RetailStreamError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future

    from sqlalchemy.engine import Connection

    from retailstream.contracts import Contract
    from retailstream.ports import Row, TableLoad

INSERTED_AT_ONCE: Final = 1_000


@dataclass
class Load:
    """One load of several tables over one connection; `files` says whether LOAD DATA LOCAL is to be tried."""

    connection: Connection
    files: bool

    def run(self, loads: Sequence[TableLoad]) -> dict[str, int]:
        """Bring all rows in and publish them in one transaction; return the rows that were given for each table."""
        tables.prepare(self.connection, [load.contract for load in loads])
        staged = {load.contract.name: self._stage(load) for load in loads if self._has_rows(load.contract)}
        self.connection.commit()
        counts: dict[str, int] = {}
        for load in loads:
            name = load.contract.name
            if name in staged:
                self._publish(load)
                counts[name] = staged[name]
            else:
                counts[name] = self._send(load, name)
            tables.remember(self.connection, load.contract, load.digests)
        self.connection.commit()
        return counts

    def _has_rows(self, contract: Contract) -> bool:
        return self.connection.exec_driver_sql(f"select 1 from `{contract.name}` limit 1").first() is not None

    def _stage(self, load: TableLoad) -> int:
        name = _staging(load.contract)
        self.connection.exec_driver_sql(tables.definition(load.contract, name, temporary=True))
        return self._send(load, name)

    def _send(self, load: TableLoad, table: str) -> int:
        """Fill an empty table, the next batch being made while the server works on one, and prove what arrived."""
        sent = text.Tally(load.contract)
        waiting: deque[Future[None]] = deque()
        with TemporaryDirectory(prefix="retailstream-") as folder, ThreadPoolExecutor(max_workers=1) as pool:
            for number, batch in enumerate(load.rows()):
                path = Path(folder, f"{number % 2}.tsv")
                if self.files:
                    text.write(batch, path)
                if waiting:
                    waiting.popleft().result()
                waiting.append(pool.submit(self._put, table, load.contract, batch, path))
                sent.add(batch)
            for last in waiting:
                last.result()
        row = self.connection.exec_driver_sql(sent.query(f"`{table}`")).one()
        if difference := sent.difference(sent.of(row)):
            raise _spoilt(load.contract, difference)
        return sent.rows

    def _put(self, table: str, contract: Contract, batch: Sequence[Row], path: Path) -> None:
        if self.files:
            try:
                self._put_file(table, contract, path, len(batch))
            except DBAPIError as error:
                if code_of(error) not in FORBIDDEN:
                    raise
                self.files = False
        if not self.files:
            self._insert(table, contract, batch)

    def _put_file(self, table: str, contract: Contract, path: Path, rows: int) -> None:
        done = self.connection.exec_driver_sql(
            f"load data local infile %s into table `{table}` {text.CLAUSES} ({tables.listed(contract.names)})",
            (str(path),),
        )
        for _level, _code, message in self.connection.exec_driver_sql("show warnings limit 1"):
            raise _spoilt(contract, str(message))
        if done.rowcount != rows:
            raise _spoilt(contract, f"{done.rowcount:,} rows of {rows:,} arrived")

    def _insert(self, table: str, contract: Contract, batch: Sequence[Row]) -> None:
        line = f"({', '.join(['%s'] * len(contract.columns))})"
        for start in range(0, len(batch), INSERTED_AT_ONCE):
            rows = batch[start : start + INSERTED_AT_ONCE]
            values = tuple(text.value(str(field)) for row in rows for field in row)
            statement = (
                f"insert into `{table}` ({tables.listed(contract.names)}) values {', '.join([line] * len(rows))}"
            )
            self.connection.exec_driver_sql(statement, values)

    def _publish(self, load: TableLoad) -> None:
        """Bring the partitions to the rows that wait, touching only the rows that differ."""
        contract, table, given = load.contract, load.contract.name, _staging(load.contract)
        others = [column for column in contract.columns if column.name not in contract.key]
        same_key = " and ".join(f"old.`{name}` = new.`{name}`" for name in contract.key)
        first = contract.key[0]
        self.connection.exec_driver_sql(
            f"delete old from `{table}` as old left join `{given}` as new on {same_key}"
            f" where new.`{first}` is null and {tables.within(contract, load.digests, 'old.')}"
        )
        self.connection.exec_driver_sql(
            f"update `{table}` as old join `{given}` as new on {same_key}"
            f" set {', '.join(f'old.`{column.name}` = new.`{column.name}`' for column in others)}"
            f" where not ({tables.compared(others, 'old.', 'new.')})"
        )
        self.connection.exec_driver_sql(
            f"insert into `{table}` ({tables.listed(contract.names)})"
            f" select {tables.listed(contract.names, 'new.')} from `{given}` as new left join `{table}` as old"
            f" on {same_key} where old.`{first}` is null"
        )


def _staging(contract: Contract) -> str:
    return f"retailstream_given_{contract.name}"


def _spoilt(contract: Contract, why: str) -> RetailStreamError:
    return RetailStreamError(
        f"table '{contract.name}' was not loaded: {why}", hint="nothing was changed; retailstream monitor"
    )

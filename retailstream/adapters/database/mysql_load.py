"""Rows into MySQL such that nothing is lost, cut or doubled on the way, and readers see all tables new or none.

LOAD DATA LOCAL skips what it dislikes and warns; so all rows must arrive without a warning, and exact sums must be
those of what was sent, before anything is published. An empty table is filled in the publishing transaction itself;
for others rows wait in a temporary table, which the server drops with the connection, however that ends, and then only
the rows that differ are written.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from pymysql.err import MySQLError

from retailstream.adapters.database import mysql_tables as tables
from retailstream.adapters.database import mysql_text as text
from retailstream.adapters.database.mysql_errors import wants_inserts
from retailstream.contracts import Type
from retailstream.errors import RetailStreamError
from retailstream.fingerprints import summed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from retailstream.adapters.database.mysql_server import Session
    from retailstream.contracts import Contract
    from retailstream.ports import TableLoad

INSERTED_AT_ONCE: Final = 1_000


@dataclass
class Load:
    """One load of several tables over one connection; `files` says whether LOAD DATA LOCAL is to be tried."""

    session: Session
    files: bool

    def run(self, loads: Sequence[TableLoad]) -> dict[str, int]:
        """Bring all rows in and publish them in one transaction; return the rows that were given for each table."""
        tables.prepare(self.session, [load.contract for load in loads])
        staged = {load.contract.name: self._stage(load) for load in loads if self._has_rows(load.contract)}
        self.session.commit()
        counts: dict[str, int] = {}
        for load in loads:
            name = load.contract.name
            if name in staged:
                self._publish(load)
                counts[name] = staged[name]
            else:
                counts[name] = self._send(load, name)
            tables.remember(self.session, load.contract, load.digests)
        self.session.commit()
        for load in loads:
            tables.add_index(self.session, load.contract)
        return counts

    def _has_rows(self, contract: Contract) -> bool:
        return bool(self.session.ask(f"select 1 from `{contract.name}` limit 1"))

    def _stage(self, load: TableLoad) -> int:
        name = _staging(load.contract)
        self.session.do(tables.definition(load.contract, name, temporary=True))
        return self._send(load, name)

    def _send(self, load: TableLoad, table: str) -> int:
        """Fill an empty table, and prove what arrived; return its rows."""
        contract = load.contract
        sent = self._send_file(load, table) if self.files and load.text else None
        if sent is None:
            sent = self._insert(load, table)
        names = _figures(contract)
        asked = ", ".join(("count(*)", *(f"coalesce(sum(`{name}`), 0)" for name in names)))
        ((rows, *figures),) = self.session.ask(f"select {asked} from `{table}`")
        arrived = Sent(rows, _whole(contract, dict(zip(names, figures, strict=True))))
        if difference := sent.difference(arrived):
            raise _spoilt(contract, difference)
        return sent.rows

    def _send_file(self, load: TableLoad, table: str) -> Sent | None:
        """Send all rows as one file, and return what was sent, or None where the server or the driver forbids it."""
        contract = load.contract
        with TemporaryDirectory(prefix="retailstream-") as folder:
            path = Path(folder, f"{contract.name}.tsv")
            given = load.text(path) if load.text else None
            try:
                arrived = self.session.do(
                    f"load data local infile %s into table `{table}` {text.CLAUSES} ({tables.listed(contract.names)})",
                    (str(path),),
                )
            except MySQLError as error:
                if not wants_inserts(error):
                    raise
                self.files = False
                return None
            except AttributeError as error:
                # Where the connection breaks, PyMySQL 1.2 closes it and still ends the file on it.
                if isinstance(error.__context__, MySQLError):
                    raise error.__context__ from None
                raise
        for _level, _code, message in self.session.ask("show warnings limit 1"):
            raise _spoilt(contract, str(message))
        if given is None or arrived != given.rows:
            raise _spoilt(contract, f"{arrived:,} rows arrived")
        return Sent(given.rows, dict(given.sums))

    def _insert(self, load: TableLoad, table: str) -> Sent:
        """Send rows as values of statements, and return what was sent."""
        contract = load.contract
        line = f"({', '.join(['%s'] * len(contract.columns))})"
        head = f"insert into `{table}` ({tables.listed(contract.names)}) values "
        sent = Sent(0, dict.fromkeys(_figures(contract), 0))
        for batch in load.rows():
            for start in range(0, len(batch), INSERTED_AT_ONCE):
                rows = batch[start : start + INSERTED_AT_ONCE]
                self.session.do(head + ", ".join([line] * len(rows)), text.values(rows))
            sent.rows += len(batch)
            columns = dict(zip(contract.names, zip(*batch, strict=True), strict=True))
            for name in sent.sums:
                there = [str(value) for value in columns[name] if value != text.NULL]
                sent.sums[name] += sum(int(value.replace(".", "")) for value in there)
        return sent

    def _publish(self, load: TableLoad) -> None:
        """Bring the partitions to the rows that wait, touching only the rows that differ."""
        contract, table, given = load.contract, load.contract.name, _staging(load.contract)
        known = any((tables.digests(self.session, contract) or {}).values())
        changed = tables.within(contract, load.digests if known else None, "old.")
        others = [column for column in contract.columns if column.name not in contract.key]
        same_key = " and ".join(f"old.`{name}` = new.`{name}`" for name in contract.key)
        first = contract.key[0]
        self.session.do(
            f"delete old from `{table}` as old left join `{given}` as new on {same_key}"
            f" where new.`{first}` is null and {changed}"
        )
        self.session.do(
            f"update `{table}` as old join `{given}` as new on {same_key}"
            f" set {', '.join(f'old.`{column.name}` = new.`{column.name}`' for column in others)}"
            f" where not ({tables.compared(others, 'old.', 'new.')})"
        )
        self.session.do(
            f"insert into `{table}` ({tables.listed(contract.names)})"
            f" select {tables.listed(contract.names, 'new.')} from `{given}` as new left join `{table}` as old"
            f" on {same_key} where old.`{first}` is null"
        )


@dataclass
class Sent:
    """Count and exact sums of rows, money in cents."""

    rows: int
    sums: dict[str, int]

    def difference(self, arrived: Sent) -> str | None:
        """Say in words what differs first, or None."""
        if self.rows != arrived.rows:
            return f"{arrived.rows:,} rows of {self.rows:,} arrived"
        changed = (name for name, figure in self.sums.items() if figure != arrived.sums[name])
        return next((f"column '{name}' arrived with other values" for name in changed), None)


def _figures(contract: Contract) -> list[str]:
    return [column.name for column in summed(contract) if column.type is not Type.LETTER]


def _whole(contract: Contract, figures: Mapping[str, Decimal]) -> dict[str, int]:
    factors = {column.name: 100 if column.type is Type.MONEY else 1 for column in contract.columns}
    return {name: int(figure * factors[name]) for name, figure in figures.items()}


def _staging(contract: Contract) -> str:
    return f"retailstream_given_{contract.name}"


def _spoilt(contract: Contract, why: str) -> RetailStreamError:
    return RetailStreamError(
        f"table '{contract.name}' was not loaded: {why}", hint="nothing was changed; retailstream monitor"
    )

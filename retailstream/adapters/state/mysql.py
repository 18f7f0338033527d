"""The memory of an environment as tables beside its data, in one MySQL database that several machines work with."""

from __future__ import annotations

import re
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

from retailstream.adapters.database.mysql_address import address_of
from retailstream.adapters.database.mysql_errors import mapped
from retailstream.adapters.database.mysql_server import open_server
from retailstream.adapters.database.mysql_tables import ENGINE, existing, refuse_without_transactions
from retailstream.adapters.formats import Step, refuse_newer
from retailstream.adapters.state.sqlite import open_sqlite_state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from retailstream.adapters.database.mysql_server import Server, Session
    from retailstream.adapters.state.sqlite import SqliteState

T = TypeVar("T")

PREFIX: Final = "retailstream_"

TURN: Final = "turn"
"""The table of one row that whoever changes something has to himself: changes come one after another."""

FORMAT: Final = "format"
"""The table of one row with the format of the memory; one from before there were numbers has none."""

_WORD: Final = "varchar(190) not null"

TABLES: Final = {
    "runs": f"""run_id {_WORD}, stage varchar(64) not null, attempt int not null,
        status varchar(16) not null, started_at varchar(40) not null, ended_at varchar(40), seconds double,
        exit_code int, process_id bigint not null, host varchar(255) not null, code_version varchar(64) not null,
        config_hash varchar(64) not null, inputs longtext not null default ('[]'), summary longtext, error longtext,
        rowid bigint not null auto_increment unique, primary key (run_id, stage, attempt), key (started_at)""",
    "landings": """scope varchar(32) not null, landing int not null, run_id varchar(190) not null,
        complete boolean not null default 0, primary key (scope, landing)""",
    "landed_files": """dataset varchar(32) not null, sha256 char(64) not null, scope varchar(32) not null,
        landing int not null, file text not null, bytes bigint not null, copy_of text,
        number bigint not null auto_increment primary key, key (scope, landing)""",
    "quarantine": f"""id char(16) primary key, run_id {_WORD}, dataset varchar(32) not null, landing int not null,
        file text not null, record bigint, rule varchar(64) not null, column_name varchar(64), value longtext,
        raw longtext, state varchar(16) not null default 'open', reason text, settled_by varchar(190),
        others longtext, records bigint not null default 1, key (dataset, landing)""",
    "leases": """scope varchar(32) primary key, token char(32) not null, run_id varchar(190) not null,
        command varchar(64) not null, since varchar(40) not null, process_id bigint not null,
        host varchar(255) not null, beat datetime(6) not null""",
    TURN: "number int primary key",
    FORMAT: "number int primary key",
}
"""The columns of each table, without its prefix."""

STEPS: Final = (
    Step(  # before, each file was known by its content alone
        "landed_files",
        "copy_of",
        (
            (
                f"alter table {PREFIX}landed_files drop primary key, add column copy_of text,"
                " add column number bigint not null auto_increment primary key"
            ),
        ),
    ),
    Step(  # before, each rejected record had an entry of its own
        "quarantine",
        "others",
        (f"alter table {PREFIX}quarantine add column others longtext, add column records bigint not null default 1",),
    ),
)
"""What brings an older memory to today's tables, each by one statement, which is made whole or not at all."""

_NAMED: Final = re.compile(r"\b(from|into|update) (" + "|".join(TABLES) + r")\b")


@contextmanager
def open_mysql_state(url: str, *, create: bool) -> Iterator[MySqlState | SqliteState]:
    """Open the memory in the database of a URL; where it is not there yet it is made, or else is empty for the moment.

    Raises TransientError where the server does not answer, RetailStreamError where a newer version made the memory.
    """
    with open_server(address_of(url)) as server:
        names = [PREFIX + name for name in TABLES]
        missing = set(names) - server.read(lambda session: existing(session, names))
        if create:
            server.read(lambda session: refuse_without_transactions(session, sorted(set(names) - missing)))
        if missing <= {PREFIX + FORMAT}:
            found = 0 if missing else server.read(_format_of)
            refuse_newer("the memory in the database", found, len(STEPS))
            if found < len(STEPS):
                server.write(_bring_forward)
            yield MySqlState(server)
        elif create:
            server.write(_set_up)
            yield MySqlState(server)
        else:
            with open_sqlite_state(None) as nothing:
                yield nothing


class MySqlState:
    """Tables of a memory; single statements commit by themselves, and are tried again where the server goes away."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._open: Session | None = None
        self._guard: Callable[[], None] | None = None

    @contextmanager
    def guarded(self, guard: Callable[[], None]) -> Iterator[None]:
        """Have every transaction of the block begin with a check, which raises where nothing may be changed."""
        self._guard = guard
        try:
            yield
        finally:
            self._guard = None

    def ask(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of an answer."""

        def work(session: Session) -> list[tuple[Any, ...]]:
            return session.ask(translated(query), values)

        return work(self._open) if self._open else self.server.read(work)

    def change(self, statement: str, values: Sequence[object] = ()) -> int:
        """Run a statement, and return how many rows it concerned."""
        return self._change(lambda session: session.do(translated(statement), values))

    def change_all(self, statement: str, rows: Sequence[Sequence[object]]) -> int:
        """Run a statement for each row of values, and return how many rows all of them concerned."""
        return self._change(lambda session: session.do_many(translated(statement), rows) if rows else 0)

    def upsert(
        self, insert: str, rows: Sequence[Sequence[object]], *, key: str, update: Sequence[str], where: str
    ) -> None:
        """Insert rows; of one whose key is there already, take over only `update`, and that only `where` it holds."""
        del key  # MySQL looks at every key of a table, and each of ours has one
        # MySQL assigns from left to right, so what `where` asks for must be the last to change.
        taken = ", ".join(f"{name} = if({where}, values({name}), {name})" for name in update)
        self.change_all(f"{insert} on duplicate key update {taken}", rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block's statements, or none of them; no other process changes anything meanwhile."""
        session = self.server.begin(f"select number from {PREFIX}{TURN} for update")
        self._open = session
        try:
            with mapped(self.server.address):
                if self._guard:
                    self._guard()
                yield
                session.commit()
        finally:
            self._open = None
            session.connection.close()  # and with it goes what was not committed

    def _change(self, work: Callable[[Session], int]) -> int:
        if self._open:
            return work(self._open)

        def alone(session: Session) -> int:
            concerned = work(session)
            session.commit()
            return concerned

        return self.server.write(alone)


@lru_cache
def translated(statement: str) -> str:
    """`"update runs set error = ?"` → `"update retailstream_runs set error = %s"`."""
    return _NAMED.sub(rf"\1 {PREFIX}\2", statement).replace("?", "%s")


def _set_up(session: Session) -> None:
    for name, columns in TABLES.items():
        session.do(f"create table if not exists {PREFIX}{name} ({columns}) {ENGINE}")
    session.do(f"insert ignore into {PREFIX}{TURN} values (1)")
    _note_format(session)


def _format_of(session: Session) -> int:
    return max((int(number) for (number,) in session.ask(f"select number from {PREFIX}{FORMAT}")), default=0)


def _bring_forward(session: Session) -> None:
    """Give an older memory today's tables; of several machines that would, one does."""
    session.ask("select get_lock(concat(database(), '.retailstream'), 60)")
    try:
        for step in STEPS:
            if not session.ask(f"show columns from {PREFIX}{step.table} like '{step.column}'"):
                for statement in step.statements:
                    session.do(statement)
        session.do(f"create table if not exists {PREFIX}{FORMAT} ({TABLES[FORMAT]}) {ENGINE}")
        _note_format(session)
    finally:
        session.ask("select release_lock(concat(database(), '.retailstream'))")


def _note_format(session: Session) -> None:
    session.do(f"insert ignore into {PREFIX}{FORMAT} values (%s)", (len(STEPS),))
    session.commit()

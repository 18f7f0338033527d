"""Where an environment keeps its memory, and who holds its locks.

Embedded, both lie in its home: a SQLite file, and locks of the operating system. Where the relational database is on a
server both lie there, since several machines may work with it; a run that cannot reach it, or finds it read-only, is
recorded in the home until the next one that can write there.
"""

from __future__ import annotations

import logging
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, cast

from retailstream.adapters.state.sqlite import open_sqlite_state, refuse_newer_home
from retailstream.errors import RetailStreamError, TransientError, UsageError
from retailstream.ledger import Ledger
from retailstream.locks import hold
from retailstream.processes import may_be_alive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from retailstream.adapters.state.mysql import MySqlState
    from retailstream.adapters.state.sqlite import SqliteState
    from retailstream.ledger import RunEntry
    from retailstream.locks import Holder
    from retailstream.ports import State

log = logging.getLogger(__name__)


@contextmanager
def open_memory(home: Path, database: str, *, create: bool) -> Iterator[Memory]:
    """Open the memory of an environment when it is first needed, and close it after the block.

    One that is not there yet is made, or else is empty for the moment. RetailStreamError where a newer version made it.
    """
    refuse_newer_home(home)
    with ExitStack() as stack:
        yield (_Remote if database.startswith("mysql") else Memory)(home, database, create, stack)


@dataclass
class Memory:
    """The memory of an environment in its home."""

    home: Path
    database: str
    create: bool
    stack: ExitStack = field(repr=False)
    """What is closed with the memory."""

    @cached_property
    def state(self) -> State:
        """The tables of the memory."""
        return self._in_home()

    @property
    def ledger(self) -> Ledger:
        """The history of runs."""
        return Ledger(self.state)

    def enter(self, run: RunEntry) -> RunEntry:
        """Write a run into the ledger, and return it with the number of its attempt."""
        return self.ledger.enter(run)

    def close(self, run: RunEntry) -> None:
        """Write how a run ended."""
        self.ledger.close(run)

    def forget(self, run: RunEntry) -> None:
        """Take a run out of the ledger that was none."""
        self.ledger.forget(run)

    def hold(self, scopes: Sequence[str], holder: Holder) -> AbstractContextManager[None]:
        """Hold the lock of each scope for the block; LockHeldError, naming the holder, where another run has one."""
        return hold(self.home / "locks", scopes, holder)

    def _in_home(self) -> State:
        path = self.home / "state.db"
        return self.stack.enter_context(open_sqlite_state(path if self.create or path.exists() else None))


@dataclass
class _Remote(Memory):
    """The memory of an environment in its database on a server."""

    away: RetailStreamError | None = None
    """Why the server could not be reached, or took nothing; nobody waits for it twice."""

    @cached_property
    def state(self) -> MySqlState | SqliteState:
        """The tables of the memory; TransientError where the server does not answer."""
        from retailstream.adapters.state.mysql import open_mysql_state  # noqa: PLC0415 -- what a scheme needs

        if self.away:
            raise self.away
        return self.stack.enter_context(open_mysql_state(self.database, create=self.create))

    @property
    def ledger(self) -> Ledger:
        """The history of runs, with those that the home keeps until the server takes them."""
        return Ledger(self.state, self._spare if self._has_spare else None)

    def enter(self, run: RunEntry) -> RunEntry:
        """Write a run into the ledger, or into that of the home where the server does not answer or takes no writes."""
        return self._written(Ledger.enter, run)

    def close(self, run: RunEntry) -> None:
        """Write how a run ended, into the ledger of the home where the server does not answer any more."""
        self._written(Ledger.record, run)

    def forget(self, run: RunEntry) -> None:
        """Take a run out of the ledger that was none, or out of that of the home."""
        self._written(_forgotten, run)

    @contextmanager
    def hold(self, scopes: Sequence[str], holder: Holder) -> Iterator[None]:
        """Hold the lease of each scope for the block; LockHeldError, naming the holder, where another run has one."""
        from retailstream.adapters.state.mysql_lease import hold_lease  # noqa: PLC0415 -- what a scheme needs

        with hold_lease(cast("MySqlState", self.state), scopes, holder):  # no plan holds a lock
            yield

    def _written(self, write: Callable[[Ledger, RunEntry], RunEntry], run: RunEntry) -> RunEntry:
        if not self.away:
            try:
                self._copy_over()
                return write(self.ledger, run)
            except UsageError:
                raise
            except RetailStreamError as error:
                self.away = error
                log.warning("%s; the run is recorded in %s until the next one", error.message, self.home)
        return write(self._spare, run)

    @cached_property
    def _spare(self) -> Ledger:
        """The ledger of the home."""
        return Ledger(self._in_home())

    @property
    def _has_spare(self) -> bool:
        return "_spare" in self.__dict__ or (self.home / "state.db").exists()

    def _copy_over(self) -> None:
        """Move the ended runs that were recorded in the home into the ledger, the oldest first."""
        if not self._has_spare:
            return
        for run in reversed(self._spare.runs(limit=None)):
            if run.status != "running" or not may_be_alive(run.host, run.process_id):
                try:
                    self.ledger.record(run)
                except TransientError:
                    raise
                except RetailStreamError as error:  # one that the server never takes must not be in the others' way
                    log.warning("run %s stays in %s: %s", run.run_id, self.home, error.message)
                else:
                    self._spare.forget(run)


def _forgotten(ledger: Ledger, run: RunEntry) -> RunEntry:
    ledger.forget(run)
    return run

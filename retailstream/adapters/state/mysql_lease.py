"""Locks of an environment that several machines work on: leases in its database, kept alive by a heartbeat.

A lease is over when its holder gave it back, has not been heard of for `OVER_AFTER` seconds by the clock of the server,
or was a process of this host that is gone. A holder that was stopped for longer than that finds its lease lost at its
next change of the memory, and stops.
"""

from __future__ import annotations

import hashlib
import logging
import os
import socket
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from secrets import token_hex
from threading import Event, Thread
from typing import TYPE_CHECKING, Final

from retailstream.adapters.database.mysql_server import open_server
from retailstream.adapters.state.mysql import PREFIX
from retailstream.errors import RetailStreamError, TransientError
from retailstream.locks import Holder, held_by, is_against, told
from retailstream.processes import may_be_alive

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from retailstream.adapters.database.mysql_server import Server, Session
    from retailstream.adapters.state.mysql import MySqlState

log = logging.getLogger(__name__)

BEAT: Final = 10.0
"""Seconds between heartbeats."""

OVER_AFTER: Final = 60
"""Seconds without a heartbeat after which a lease is over."""


LONGEST: Final = 32
"""Characters of a scope that are stored."""

_OURS: Final[set[str]] = set()
"""The tokens of the leases that this process holds; another one under its number is of a process before it."""


@contextmanager
def hold_lease(state: MySqlState, scopes: Sequence[str], holder: Holder) -> Iterator[None]:
    """Hold the lease of each scope for the block; LockHeldError, naming the holder, where another run has one.

    Every change of the memory within the block raises TransientError where a lease was lost on the way.
    """
    lease = Lease(state, tuple(scopes), holder)
    lease.take()
    _OURS.add(lease.token)
    try:
        with open_server(state.server.address) as server, lease.beating(server), state.guarded(lease.check):
            yield
    finally:
        _OURS.discard(lease.token)
        lease.give_back()


@dataclass
class Lease:
    """The scopes that one run has to itself."""

    state: MySqlState
    scopes: tuple[str, ...]
    holder: Holder
    token: str = field(default_factory=lambda: token_hex(16))
    _ended: Event = field(default_factory=Event)

    def take(self) -> None:
        """Take the lease of every scope, or of none."""
        holder = self.holder.run_id, self.holder.command, self.holder.since
        with self.state.transaction():
            there = [str(scope) for (scope,) in self.state.ask("select scope from leases")]
            for scope in map(_key, self.scopes):
                for other in there:
                    if is_against(scope, other):
                        self._refuse_if_held(other)
                self._refuse_if_held(scope)
                self.state.change("delete from leases where scope = ?", (scope,))
                self.state.change(
                    "insert into leases (scope, token, run_id, command, since, process_id, host, beat)"
                    " values (?, ?, ?, ?, ?, ?, ?, utc_timestamp(6))",
                    (scope, self.token, *holder, os.getpid(), socket.gethostname()),
                )

    def check(self) -> None:
        """Raise TransientError where another run has taken a lease over; within a transaction, so it holds for that."""
        mine = self.state.ask("select count(*) from leases where token = ?", (self.token,))
        if mine != [(len(self.scopes),)]:
            raise _lost(self.scopes)

    def give_back(self) -> None:
        """Free the scopes; where that fails they are free when the lease is over."""
        with suppress(RetailStreamError):
            self.state.change("delete from leases where token = ?", (self.token,))

    @contextmanager
    def beating(self, server: Server) -> Iterator[None]:
        """Send heartbeats for the block."""
        thread = Thread(target=self._beat, args=(server,), name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join(BEAT)

    def _refuse_if_held(self, scope: str) -> None:
        rows = self.state.ask(
            "select run_id, command, since, process_id, host, token,"
            " timestampdiff(second, beat, utc_timestamp(6)) from leases where scope = ?",
            (scope,),
        )
        for *holder, process_id, host, token, silence in rows:
            here = (process_id, host) == (os.getpid(), socket.gethostname())
            gone = token not in _OURS if here else not may_be_alive(host, process_id)
            if gone or silence >= OVER_AFTER:
                log.warning("the lease of run %s on the %s is over; it is taken over", holder[0], scope)
            else:
                raise held_by(told(Holder(*holder), process_id, host), scope)

    def _beat(self, server: Server) -> None:
        def beat(session: Session) -> None:
            session.do(f"update {PREFIX}leases set beat = utc_timestamp(6) where token = %s", (self.token,))
            session.commit()

        while not self._ended.wait(BEAT):
            try:
                server.write(beat)
            except RetailStreamError as error:
                log.warning("the lease could not be renewed: %s", error.message)


def _key(scope: str) -> str:
    """Return a scope as it is stored: the name of a table may be longer than there is room for."""
    digest = hashlib.sha256(scope.encode()).hexdigest()
    return scope if len(scope) <= LONGEST else f"{scope[:12]}-{digest[: LONGEST - 13]}"


def _lost(scopes: Sequence[str]) -> TransientError:
    return TransientError(
        f"this run has lost its lease on the {' and '.join(scopes)}: it was not heard of for {OVER_AFTER} seconds",
        hint="run the same command again",
    )

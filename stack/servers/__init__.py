"""Every server of the stack, in the order of their start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stack.servers.mariadb import MARIADB
from stack.servers.ministack import MINISTACK
from stack.servers.versitygw import VERSITYGW

if TYPE_CHECKING:
    from stack.server import Server

SERVERS: Final[tuple[Server, ...]] = (VERSITYGW, MARIADB, MINISTACK)

"""Every server of the stack, in the order of their start."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from stack.servers.airflow import AIRFLOW
from stack.servers.mariadb import MARIADB
from stack.servers.ministack import MINISTACK
from stack.servers.versitygw import VERSITYGW

if TYPE_CHECKING:
    from stack.server import Server

SERVERS: Final[tuple[Server, ...]] = (
    AIRFLOW if os.environ.get("RETAILSTREAM_STACK_OF") == "airflow" else (VERSITYGW, MARIADB, MINISTACK)
)

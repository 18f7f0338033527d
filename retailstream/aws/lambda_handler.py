"""The function of AWS Lambda: loads a table into the relational database when a version of it appears in the bucket.

A version of a table is its manifest, which is written last and in one step, so an event about one means that all of its
files are there. The function brings that one table to what the manifest says at the moment, through the same stage,
locks and ledger as the command line: an event that comes twice, late or out of order finds nothing to do.

Its settings are variables: `RETAILSTREAM__LAKE__CLEAN`, `RETAILSTREAM__DATABASE__URL` (without user and password where
`DATABASE_SECRET` names a secret that has them), and any other setting. See docs/adr/0018-events-and-versions.md.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retailstream import execution
from retailstream.aws.events import messages
from retailstream.aws.opening import opened
from retailstream.contracts import SALES, STORES
from retailstream.errors import DamagedError, RetailStreamError
from retailstream.publishing import manifest_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from retailstream.aws.events import Created, Message
    from retailstream.ports import Lake
    from retailstream.wiring import Environment

TABLES = {manifest_key(contract): contract.name for contract in (SALES, STORES)}
"""The tables that are loaded, by their manifests."""


class NotLoadedError(Exception):
    """What has to be delivered again."""


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 -- as Lambda has it
    """Load what an event announces; return the messages of a queue that are to come again.

    Raises NotLoadedError where there is no queue and something failed that may succeed later.
    """
    found = messages(event)
    with (
        tempfile.TemporaryDirectory() as home,
        opened(Path(home), {}, os.environ.get("DATABASE_SECRET") or None) as env,
    ):
        loading = _Loading(env, f"lambda-{context.aws_request_id}")
        failed = {message: reason for message in found if (reason := loading.of(message))}
    if failed and any(message.id is None for message in failed):
        raise NotLoadedError("; ".join(failed.values()))
    return {"batchItemFailures": [{"itemIdentifier": message.id} for message in failed]}


class _Loading:
    """The loads of one invocation: each table is loaded once, however many messages announce it."""

    def __init__(self, env: Environment, run_id: str) -> None:
        self._env = env
        self._run_id = run_id
        self._clean = env.clean_lake()
        self._done: dict[str, str] = {}

    def of(self, message: Message) -> str:
        """Load what a message announces, and return why it has to come again, or nothing."""
        if message.unreadable:
            _log(message=message.id, failed=message.unreadable)
            return message.unreadable
        return "; ".join(filter(None, map(self._announced, message.created)))

    def _announced(self, created: Created) -> str:
        where = f"s3://{created.bucket}/{created.key}"
        key = where.removeprefix(f"{self._clean.url}/")
        if key not in TABLES:
            _log(ignored=where, reason="no version of a table of this environment")
            return ""
        table = TABLES[key]
        if table not in self._done:
            self._done[table] = self._load(table)
        return self._done[table]

    def _load(self, table: str) -> str:
        try:
            _log(**execution.execute(self._env, "load-rds", execution.Request(self._run_id, only=table)))
        except DamagedError as error:
            _log(**execution.summary_of(error), quarantined=set_aside(self._clean, error))
            return ""
        except RetailStreamError as error:
            _log(**execution.summary_of(error), failed=execution.describe(error))
            return execution.describe(error)
        return ""


def set_aside(lake: Lake, error: DamagedError) -> str:
    """Copy a damaged object to the quarantine of its bucket, with the reason beside it, and return where."""
    key = f"quarantine/{error.key}"
    lake.put(key, lake.fetch(error.key))
    reason = {"object": error.key, "reason": error.message, "hint": error.hint}
    lake.write(f"{key}.reason.json", json.dumps(reason, indent=1).encode() + b"\n")
    return f"{lake.url}/{key}"


def _log(**line: object) -> None:
    print(json.dumps({name: value for name, value in line.items() if value is not None}), flush=True)  # noqa: T201

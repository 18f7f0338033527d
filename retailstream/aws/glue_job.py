"""The job of AWS Glue: `glue-merge` on the cluster's Spark, as thin as the command line.

Its arguments, each with two dashes before it: `raw` and `clean` (URLs of the buckets), `database` (a URL without user
and password) and, as far as they are wanted, `database_secret` (its name in Secrets Manager), `environment`, `run_id`,
`max_rejects`, and each other setting of quality by its name, as in `quality_max_superseded_in_file`. Runs on Spark 3.5
(Glue 5) and 4.
"""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

REQUIRED: Final = ("raw", "clean", "database")
OPTIONAL: Final = ("database_secret", "environment", "run_id", "max_rejects")
QUALITY: Final = "quality_"
"""What the names of arguments begin with that are settings of quality."""


class JobFailedError(Exception):
    """Why the job failed; Glue keeps the text as its error message, and whoever waits for it reads the exit code."""


def main(argv: Sequence[str]) -> None:
    """Run the job; its last line is the summary."""
    from pyspark.sql import SparkSession  # noqa: PLC0415 -- of the cluster

    from retailstream import execution  # noqa: PLC0415 -- the script is read before its packages are there
    from retailstream.aws.opening import opened  # noqa: PLC0415 -- same
    from retailstream.errors import exit_code  # noqa: PLC0415 -- same

    given = options(argv)
    SparkSession.builder.getOrCreate()
    run_id = given.get("run_id") or f"glue-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{token_hex(3)}"
    with tempfile.TemporaryDirectory() as home:
        try:
            with opened(Path(home), flags(given), given.get("database_secret")) as env:
                summary = execution.execute(env, "glue-merge", execution.Request(run_id))
        except Exception as error:
            if summary := execution.summary_of(error):
                print(json.dumps(summary))  # noqa: T201 -- what a job is for
            raise JobFailedError(f"[exit {exit_code(error)}] {execution.describe(error)}") from error
    print(json.dumps(summary))  # noqa: T201 -- what a job is for


def options(argv: Sequence[str]) -> dict[str, str]:
    """Return the job's arguments; Glue adds some of its own, and wants each of ours to be there."""
    from awsglue.utils import getResolvedOptions  # noqa: PLC0415 -- of the cluster

    given = {word.removeprefix("--").partition("=")[0] for word in argv if word.startswith("--")}
    there = sorted(name for name in given if name in OPTIONAL or name.startswith(QUALITY))
    found = getResolvedOptions(list(argv), [*REQUIRED, *there])
    return {name: str(found[name]) for name in (*REQUIRED, *there)}


def flags(given: dict[str, str]) -> dict[str, str | None]:
    """Return the job's arguments as settings."""
    return {
        "lake.raw": given["raw"],
        "lake.clean": given["clean"],
        "database.url": given["database"],
        "engine.name": "spark",
        "environment": given.get("environment"),
        "quality.max_rejects": given.get("max_rejects"),
        **{name.replace("_", ".", 1): value for name, value in given.items() if name.startswith(QUALITY)},
    }


if __name__ == "__main__":
    main(sys.argv)

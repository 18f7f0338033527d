"""What Spark raises, told as errors of ours."""

from __future__ import annotations

import re
import sys
from typing import Final

from retailstream.adapters.hadoop_errors import AWAY
from retailstream.errors import RetailStreamError, TransientError, UsageError

_TOLD: Final = {"RetailStreamError": RetailStreamError, "TransientError": TransientError, "UsageError": UsageError}
"""Errors of ours that arise where files are read, which may be another machine, and come back as text."""


def from_spark(error: Exception) -> RetailStreamError | None:
    """Return an error of Spark's as ours, None where it is nothing of Spark's."""
    if "pyspark" not in sys.modules:
        return None
    from py4j.protocol import Py4JError  # noqa: PLC0415 -- it is there already
    from pyspark.errors import PySparkException  # noqa: PLC0415 -- same

    if not isinstance(error, (PySparkException, Py4JError)):
        return None
    if ours := re.search(rf"retailstream\.errors\.({'|'.join(_TOLD)}): (.+)", str(error)):
        return _TOLD[ours[1]](ours[2].strip()[:500], hint="run the same command again; -v says more")
    if AWAY.search(str(error)):
        return TransientError(f"Spark failed: {_cause(error)}", hint="run the same command again")
    return RetailStreamError(f"Spark failed: {_cause(error)}", hint="run again with -v")


def _cause(error: Exception) -> str:
    """Return the last line that names an error, which is where the trouble began."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    named = [line for line in lines if "Error" in line or "Exception" in line]
    return (named or lines or ["no reason"])[-1][:500]

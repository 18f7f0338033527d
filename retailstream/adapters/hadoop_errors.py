"""What Hadoop's servers say, through whichever client, where one of them is away or not ready yet."""

from __future__ import annotations

from typing import Final

from retailstream.adapters.answers.hadoop import THROUGH
from retailstream.adapters.answers.kinds import pattern_of

AWAY: Final = pattern_of(THROUGH)
"""Worth another try: NameNode, DataNode, Metastore or HiveServer2 cannot be reached, or has just begun."""

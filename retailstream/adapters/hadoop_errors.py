"""What Hadoop's servers say, through whichever client, where one of them is away or not ready yet."""

from __future__ import annotations

import re
from typing import Final

AWAY: Final = re.compile(
    r"ConnectException|Connection refused|Connection reset|SocketTimeoutException|NoRouteToHostException"
    r"|TTransportException|SafeModeException|in safe mode|StandbyException|could only be written to 0"
    r"|BlockMissingException|SessionHiveMetaStoreClient|HiveServer2 is shutting down"
    r"|[Ii]nvalid (?:Session|Operation)Handle"
)
"""Worth another try: NameNode, DataNode, Metastore or HiveServer2 cannot be reached, or has just begun."""

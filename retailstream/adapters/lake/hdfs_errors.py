"""What errors of HDFS mean to us: to be tried again, to be put right by the user, or neither."""

from __future__ import annotations

import re
from typing import Final

from retailstream.errors import RetailStreamError, TransientError, UsageError

AWAY: Final = {
    "StandbyException",
    "ObserverRetryOnActiveException",
    "SafeModeException",
    "RetriableException",
    "RetryStartFileException",
    "ServerNotActiveException",
    "NotReplicatedYetException",
    "RecoveryInProgressException",
    "LeaseExpiredException",
    "RpcServerException",
}
"""A NameNode that starts, hands over or is kept from changes; or a DataNode that comes and goes."""

REFUSED: Final = {
    "AccessControlException",
    "AuthorizationException",
    "InvalidToken",
    "SaslException",
    "GSSException",
    "InvalidPathException",
    "UnresolvedPathException",
    "ParentNotDirectoryException",
    "UnsupportedOperationException",
}
"""Credentials, rights, the path or a setting: more tries would not help."""

KERBEROS: Final = {"SASLError", "GSSAPIError", "NoSASLMechanism"}
BROKEN: Final = {
    "DataTransferError",
    "OperationFailed",
    "BlocksNotFound",
    "ChecksumError",
    "InvalidRPCResponse",
    "IOError",
}
MISCONFIGURED: Final = {"InvalidArgument", "InvalidPath", "UrlParseError", "XmlParseError"}

_FORM: Final = re.compile(r'(?P<kind>\w+)(?:\((?:"(?P<name>[\w.$]+)", )?"?(?P<said>.*)\)$)?', re.DOTALL)
_UNTAKEN: Final = re.compile(r"could only be written to 0 of .* There are (\d+) datanode\(s\) running")


class AbsentError(RetailStreamError):
    """There is no such file, or its folder is not there."""


class TakenError(RetailStreamError):
    """A file is there already, or a folder that is not empty."""


class UntakenError(TransientError):
    """No DataNode takes a block: all of them are full, or the NameNode has not noticed yet that they are away."""


def ours(error: BaseException, url: str) -> RetailStreamError:
    """Return our error for one of the driver, whose text is the name of Rust's error with the server's within."""
    if isinstance(error, (FileNotFoundError, IsADirectoryError)):
        return AbsentError(f"{url} does not have it: {_first_line(str(error))}", hint="retailstream doctor")
    if isinstance(error, FileExistsError):
        return TakenError(f"{url} has it already: {_first_line(str(error))}", hint="retailstream doctor")
    if isinstance(error, OSError):
        return _away(url, str(error))
    found = _FORM.match(str(error))
    kind, name, said = found.group("kind", "name", "said") if found else ("", None, None)
    said = _first_line(said or str(error))
    return _answered(name.rpartition(".")[2].rpartition("$")[2], said, url) if name else _met(kind, said, url)


def _met(kind: str, said: str, url: str) -> RetailStreamError:
    """Return our error for what the driver met itself."""
    if kind in BROKEN:
        return _away(url, said)
    if kind in KERBEROS:
        return UsageError(f"{url} refuses us: {said}", hint="kinit, or set hdfs.principal and hdfs.keytab")
    if kind in MISCONFIGURED:
        return UsageError(f"{url} cannot be used: {said}", hint="use hdfs://HOST:PORT/FOLDER, or set HADOOP_CONF_DIR")
    return RetailStreamError(f"{url} failed: {said}", hint="retailstream doctor")


def _answered(name: str, said: str, url: str) -> RetailStreamError:
    """Return our error for an exception of Hadoop's."""
    told = f"{name}: {said}"
    if name in AWAY:
        return _away(url, told)
    if name in REFUSED or "replication factor" in said:
        return UsageError(f"{url} refuses us: {told}", hint="check the user, its rights and the settings of HDFS")
    if name == "PathIsNotEmptyDirectoryException":
        return TakenError(f"{url} has it already: {told}", hint="retailstream doctor")
    if name.endswith("QuotaExceededException"):
        return RetailStreamError(f"{url} is full: {told}", hint="make room, and run the same command again")
    if untaken := _UNTAKEN.search(said):
        return _untaken(untaken[1], said, url)
    return RetailStreamError(f"{url} failed: {told}", hint="retailstream doctor")


def _untaken(running: str, said: str, url: str) -> TransientError:
    if running == "0":
        return _away(url, said)
    hint = "run the same command again; where it fails for long, look whether DataNodes are full"
    return UntakenError(f"{url} is not available: {said}", hint=hint)


def _away(url: str, said: str) -> TransientError:
    return TransientError(f"{url} is not available: {_first_line(said)}", hint="run the same command again")


def _first_line(said: str) -> str:
    """Return what comes before the stack trace, which the driver may have escaped."""
    line = re.split(r"\n\s*at |\\n\\tat |\[DatanodeInfoProto", said)[0].rstrip(': "')
    return " ".join(line.replace("\\n", " ").replace('\\"', '"').split())

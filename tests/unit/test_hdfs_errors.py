"""What errors of HDFS mean; the texts are those that a NameNode and the driver gave."""

from __future__ import annotations

import pytest

from retailstream.adapters.lake.hdfs_errors import AbsentError, TakenError, UntakenError, ours
from retailstream.errors import RetailStreamError, TransientError, UsageError

TRACE = "\\n\\tat org.apache.hadoop.hdfs.server.namenode.FSNamesystem.startFileInt(FSNamesystem.java:2802)"
NO_ROOM = "File /k could only be written to 0 of the 1 minReplication nodes. There are {} datanode(s) running and {}"


def rpc(name: str, said: str) -> RuntimeError:
    return RuntimeError(f'RPCError("{name}", "{said}{TRACE}")')


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        (FileNotFoundError("File does not exist: /k\n\tat org.x"), AbsentError, "File does not exist: /k"),
        (IsADirectoryError("/k"), AbsentError, "/k"),
        (FileExistsError("rename destination /k already exists\n\tat org.x"), TakenError, "/k already exists"),
        (OSError("Connection refused (os error 111)"), TransientError, "Connection refused"),
        (
            rpc("org.apache.hadoop.hdfs.server.namenode.SafeModeException", "Cannot create file/k.\\nIt was turned on"),
            TransientError,
            "SafeModeException: Cannot create file/k. It was turned on",
        ),
        (rpc("org.apache.hadoop.ipc.StandbyException", "READ is not supported"), TransientError, "READ is not"),
        (
            rpc("org.apache.hadoop.security.AccessControlException", 'user=bob, inode=\\"/x\\":root'),
            UsageError,
            'user=bob, inode="/x":root',
        ),
        (
            RuntimeError('FatalRPCError("org.apache.hadoop.security.authorize.AuthorizationException", "no")'),
            UsageError,
            "AuthorizationException: no",
        ),
        (
            rpc("org.apache.hadoop.security.token.SecretManager$InvalidToken", "token is expired"),
            UsageError,
            "InvalidToken: token is expired",
        ),
        (rpc("org.apache.hadoop.hdfs.protocol.DSQuotaExceededException", "of /k"), RetailStreamError, "is full"),
        (rpc("org.apache.hadoop.fs.PathIsNotEmptyDirectoryException", "`/k is"), TakenError, "has it already"),
        (rpc("java.io.IOException", NO_ROOM.format("3", "no node(s) are excluded")), UntakenError, "is not avail"),
        (rpc("java.io.IOException", NO_ROOM.format("0", "0 node(s) are excluded")), TransientError, "is not avail"),
        (rpc("java.io.IOException", NO_ROOM.format("1", "1 node(s) are excluded")), UntakenError, "is not avail"),
        (rpc("java.io.IOException", "something else"), RetailStreamError, "failed: IOException: something else"),
        (
            RuntimeError('DataTransferError("All DataNodes failed: [DatanodeInfoProto { id: Datano }]")'),
            TransientError,
            "All DataNodes failed",
        ),
        (RuntimeError('OperationFailed("Failed to complete file in time")'), TransientError, "in time"),
        (RuntimeError("ChecksumError"), TransientError, "ChecksumError"),
        (RuntimeError("NoSASLMechanism"), UsageError, "refuses us"),
        (RuntimeError('InvalidArgument("No NameNode hosts found")'), UsageError, "No NameNode hosts found"),
        (RuntimeError("UrlParseError(InvalidPort)"), UsageError, "cannot be used: InvalidPort"),
        (RuntimeError('InternalError("what")'), RetailStreamError, "failed: what"),
        (RuntimeError(""), RetailStreamError, "failed"),
    ],
)
def test_each_error_has_its_meaning_in_one_line(error: BaseException, kind: type[RetailStreamError], told: str) -> None:
    found = ours(error, "hdfs://there:8020/x")
    assert type(found) is kind
    assert found.message.startswith("hdfs://there:8020/x ")
    assert told in found.message
    assert not [part for part in ("\n", "\\n", "org.apache", "FSNamesystem") if part in found.message]
    assert found.hint

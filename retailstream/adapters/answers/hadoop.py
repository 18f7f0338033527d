"""What Hadoop's servers answer: by the name of Java's exception, or by words that any client hands on.

`HDFS` is of the NameNode and the DataNodes, `DRIVER` of the library that speaks to them, `METASTORE` of a Hive
Metastore over Thrift, and `THROUGH` of all of them through HiveServer2, Spark or Apache Sqoop.
"""

from __future__ import annotations

from typing import Final

from retailstream.adapters.answers.kinds import Answer, Reaction

_HDFS: Final = "HDFS"
_RIGHTS: Final = "check the user, its rights and the settings of HDFS"
_TICKET: Final = "kinit, or set hdfs.principal and hdfs.keytab"
_PLACE: Final = "use hdfs://HOST:PORT/FOLDER, or set HADOOP_CONF_DIR"
_ROOM: Final = "make room, and run the same command again"

HDFS: Final = (
    Answer(("StandbyException", "ObserverRetryOnActiveException"), _HDFS, Reaction.AGAIN, "another NameNode is active"),
    Answer(("SafeModeException",), _HDFS, Reaction.AGAIN, "the NameNode lets nobody change anything"),
    Answer(
        ("RetriableException", "RetryStartFileException", "ServerNotActiveException", "RpcServerException"),
        _HDFS,
        Reaction.AGAIN,
        "the NameNode starts or hands over",
    ),
    Answer(
        ("NotReplicatedYetException", "RecoveryInProgressException", "LeaseExpiredException"),
        _HDFS,
        Reaction.AGAIN,
        "a DataNode comes or goes",
    ),
    Answer(
        ("AccessControlException", "AuthorizationException", "UnsupportedOperationException"),
        _HDFS,
        Reaction.USER,
        "refuses us",
        _RIGHTS,
    ),
    Answer(("InvalidToken", "SaslException", "GSSException"), _HDFS, Reaction.USER, "refuses us", _RIGHTS),
    Answer(
        ("InvalidPathException", "UnresolvedPathException", "ParentNotDirectoryException"),
        _HDFS,
        Reaction.USER,
        "refuses us",
        _RIGHTS,
    ),
    Answer(("PathIsNotEmptyDirectoryException",), _HDFS, Reaction.OTHER_WAY, "it is compared with what is there"),
    Answer(
        ("DSQuotaExceededException", "NSQuotaExceededException", "QuotaByStorageTypeExceededException"),
        _HDFS,
        Reaction.FAILED,
        "is full",
        _ROOM,
    ),
)

DRIVER: Final = (
    Answer(
        ("DataTransferError", "OperationFailed", "BlocksNotFound", "ChecksumError", "InvalidRPCResponse", "IOError"),
        "driver of HDFS",
        Reaction.AGAIN,
        "a DataNode went away or sent other bytes",
    ),
    Answer(("SASLError", "GSSAPIError", "NoSASLMechanism"), "driver of HDFS", Reaction.USER, "refuses us", _TICKET),
    Answer(
        ("InvalidArgument", "InvalidPath", "UrlParseError", "XmlParseError"),
        "driver of HDFS",
        Reaction.USER,
        "cannot be used",
        _PLACE,
    ),
)

METASTORE: Final = (
    Answer(
        (
            "Communications link failure",
            "Connection refused",
            "ConnectException",
            "JDBCConnectionException",
            "Unable to acquire JDBC Connection",
            "Connection is not available",
            "SQLTransientConnectionException",
            "SQLNonTransientConnectionException",
            "Socket fail to connect",
        ),
        "Hive Metastore",
        Reaction.AGAIN,
        "its database is away",
    ),
    Answer(("SafeMode", "StandbyException"), "Hive Metastore", Reaction.AGAIN, "HDFS lets nobody change anything"),
    Answer(
        ("AlreadyExistsException", "NoSuchObjectException"),
        "Hive Metastore",
        Reaction.OTHER_WAY,
        "what was wanted is so already",
    ),
    Answer(
        ("InvalidObjectException", "InvalidOperationException", "MetaException"),
        "Hive Metastore",
        Reaction.FAILED,
        "refuses",
    ),
)

THROUGH: Final = (
    Answer(
        (
            "ConnectException",
            "Connection refused",
            "Connection reset",
            "SocketTimeoutException",
            "NoRouteToHostException",
            "TTransportException",
        ),
        "Hadoop",
        Reaction.AGAIN,
        "one of its servers cannot be reached",
    ),
    Answer(
        ("SafeModeException", "in safe mode", "StandbyException"), "Hadoop", Reaction.AGAIN, "the NameNode is not ready"
    ),
    Answer(
        ("could only be written to 0", "BlockMissingException"),
        "Hadoop",
        Reaction.AGAIN,
        "no DataNode takes or has a block",
    ),
    Answer(
        (
            "SessionHiveMetaStoreClient",
            "HiveServer2 is shutting down",
            "Invalid SessionHandle",
            "Invalid OperationHandle",
        ),
        "HiveServer2",
        Reaction.AGAIN,
        "it has just begun, is about to end, or has lost its Metastore",
    ),
)

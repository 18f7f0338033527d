"""What S3, and servers that speak like it, answer, by the code of the error or else by the status of the response."""

from __future__ import annotations

from typing import Final

from retailstream.adapters.answers.kinds import Answer, Reaction

_S3: Final = "S3"
_ALL: Final = "S3 and servers like it"
_WHO: Final = "check the bucket, the credentials and their rights"
_REGION: Final = "set AWS_REGION to the region of the bucket"
_STORAGE: Final = "check lake.encryption, lake.kms_key and lake.storage_class"
_ROOM: Final = "make room in the store, and run the same command again"
_WAIT: Final = "wait until the object is restored from its archive, then run the same command again"

ANSWERS: Final = (
    # What is told by an error and is none, or leads to a second look.
    Answer(("NoSuchKey", "404"), _ALL, Reaction.OTHER_WAY, "there is no such object"),
    Answer(("NotModified", "304"), _ALL, Reaction.OTHER_WAY, "the local copy is the newest"),
    Answer(
        ("PreconditionFailed", "412", "ConditionalRequestConflict", "409"),
        _ALL,
        Reaction.OTHER_WAY,
        "another run was quicker; what it wrote is read",
    ),
    # What passes.
    Answer(("SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded", "429"), _ALL, Reaction.AGAIN, ""),
    Answer(("InternalError", "ServiceUnavailable", "500", "502", "503", "504"), _ALL, Reaction.AGAIN, ""),
    Answer(("RequestTimeout", "OperationAborted"), _ALL, Reaction.AGAIN, ""),
    Answer(("BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch"), _ALL, Reaction.LATER, ""),
    # What only people can put right.
    Answer(
        ("AccessDenied", "AllAccessDisabled", "AccountProblem", "InvalidAccessKeyId", "403"),
        _ALL,
        Reaction.USER,
        "",
        _WHO,
    ),
    Answer(("NoSuchBucket", "InvalidBucketName"), _ALL, Reaction.USER, "", "check the bucket in the setting"),
    Answer(
        ("ExpiredToken", "ExpiredTokenException", "InvalidToken", "TokenRefreshRequired"),
        _S3,
        Reaction.USER,
        "",
        "get new credentials, such as with aws sso login",
    ),
    Answer(("SignatureDoesNotMatch",), _ALL, Reaction.USER, "", _REGION, where=r"\bregion\b"),
    Answer(("SignatureDoesNotMatch",), _ALL, Reaction.USER, "", _WHO),
    Answer(
        (
            "PermanentRedirect",
            "AuthorizationHeaderMalformed",
            "IllegalLocationConstraintException",
            "IncorrectEndpoint",
            "301",
        ),
        _ALL,
        Reaction.USER,
        "",
        _REGION,
    ),
    Answer(("RequestTimeTooSkewed",), _ALL, Reaction.USER, "", "set the clock of this machine"),
    Answer(("KMS.DisabledException", "KMS.NotFoundException", "InvalidStorageClass"), _S3, Reaction.USER, "", _STORAGE),
    Answer(("400",), _ALL, Reaction.USER, "", _WHO),
    # What stays as it is until somebody changes the store.
    Answer(
        ("QuotaExceeded", "StorageQuotaExceeded", "InsufficientStorage", "XMinioStorageFull", "507"),
        "servers like S3",
        Reaction.FAILED,
        "it is full",
        _ROOM,
    ),
    Answer(("InvalidObjectState",), _S3, Reaction.FAILED, "an object is archived", _WAIT),
    Answer(
        ("NotImplemented", "501"),
        "servers like S3",
        Reaction.FAILED,
        "the server cannot do it",
        "use a server with conditional writes and checksums",
    ),
)
"""What is known; any other status above 499 passes, and any other code ends with exit 1 and the server's own words."""

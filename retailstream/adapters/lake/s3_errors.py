"""What errors of S3 mean to us: to be tried again, to be put right by the user, or neither."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from retailstream.errors import RetailStreamError, TransientError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

ABSENT: Final = {"NoSuchKey", "404"}
NOT_MODIFIED: Final = {"304", "NotModified"}
REFUSED_CONDITION: Final = {"PreconditionFailed", "412", "ConditionalRequestConflict", "409"}

REFUSED: Final = {
    "NoSuchBucket",
    "InvalidBucketName",
    "AccessDenied",
    "AllAccessDisabled",
    "AccountProblem",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "PermanentRedirect",
    "AuthorizationHeaderMalformed",
    "KMS.DisabledException",
    "KMS.NotFoundException",
    "InvalidStorageClass",
    "301",
    "400",
    "403",
}
"""Credentials, rights, the bucket or a setting: more tries would not help."""

THROTTLED: Final = {"SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded", "RequestTimeout", "429"}


def code_of(error: BaseException | None) -> str | None:
    """Return the code of an error that the server sent, or None for any other."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code")) if isinstance(response, dict) else None


@contextmanager
def mapped(url: str) -> Iterator[None]:
    """Turn errors of the server and of boto3 into ours."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 -- only buckets need it
    from urllib3.exceptions import HTTPError  # noqa: PLC0415 -- same

    try:
        yield
    except (BotoCoreError, ClientError, HTTPError) as error:
        raise _ours(error, url) from error


def _ours(error: Exception, url: str) -> RetailStreamError:
    from botocore import exceptions as of  # noqa: PLC0415 -- it is there already

    said = " ".join(str(error).split())
    if isinstance(error, of.ClientError):
        return _answered(error, said, url)
    unset = of.NoCredentialsError, of.PartialCredentialsError, of.CredentialRetrievalError, of.ProfileNotFound
    if isinstance(error, (*unset, of.NoRegionError, of.ParamValidationError, of.SSOError, of.TokenRetrievalError)):
        return UsageError(f"{url} cannot be used: {said}", hint="set AWS_PROFILE, or AWS_ACCESS_KEY_ID and its secret")
    if isinstance(error, (of.InvalidEndpointDiscoveryConfigurationError, of.InvalidConfigError)):
        return UsageError(f"{url} cannot be used: {said}", hint="check the AWS configuration")
    return TransientError(f"{url} is not available: {said}", hint="run the same command again")


def _answered(error: Exception, said: str, url: str) -> RetailStreamError:
    response = getattr(error, "response", {})
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    code = code_of(error)
    if code in THROTTLED or status >= 500:
        return TransientError(f"{url} is not available: {said}", hint="run the same command again")
    if code in REFUSED:
        return UsageError(f"{url} refuses us: {said}", hint="check the bucket, the credentials and their rights")
    return RetailStreamError(f"{url} failed: {said}", hint="retailstream doctor")

"""Errors of S3 and of boto3 as ours, by what each answer means (`adapters/answers/s3.py`)."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from retailstream.adapters.answers.kinds import AGAIN_HINT, Answer, Reaction, by_code
from retailstream.adapters.answers.s3 import ANSWERS
from retailstream.errors import RetailStreamError, TransientError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

ABSENT: Final = {"NoSuchKey", "404"}
NOT_MODIFIED: Final = {"304", "NotModified"}
TAKEN: Final = {"PreconditionFailed", "412"}
REFUSED_CONDITION: Final = {*TAKEN, "ConditionalRequestConflict", "409"}


def code_of(error: BaseException | None) -> str | None:
    """Return the code of an error that the server sent, or None for any other."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code")) if isinstance(response, dict) else None


def status_of(error: BaseException | None) -> int:
    """Return the status of the response that an error came with; 0 without one."""
    response = getattr(error, "response", None)
    metadata = response.get("ResponseMetadata", {}) if isinstance(response, dict) else {}
    return int(metadata.get("HTTPStatusCode") or 0)


def answer_of(error: BaseException | None) -> Answer | None:
    """Return what an error that the server sent is known to mean, by its code or else by its status, or None."""
    said = str(error)
    return by_code(ANSWERS, code_of(error), said) or by_code(ANSWERS, str(status_of(error)), said)


@contextmanager
def mapped(url: str) -> Iterator[None]:
    """Turn errors of the server and of boto3 into ours."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 -- only buckets need it
    from urllib3.exceptions import HTTPError  # noqa: PLC0415 -- same

    try:
        yield
    except (BotoCoreError, ClientError, HTTPError) as error:
        raise _ours(error, url) from error
    except RecursionError as error:  # botocore asks where a bucket is, and is sent on again
        raise UsageError(
            f"{url} refuses us: the server sends every request elsewhere",
            hint="set AWS_ENDPOINT_URL_S3 to the server itself, with https:// where it wants that, or AWS_REGION",
        ) from error


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
    hint = AGAIN_HINT
    if isinstance(error, of.EndpointConnectionError) and ".amazonaws." in said:  # a region that is none has no address
        hint = f"{AGAIN_HINT}; where it never answers, check AWS_REGION"
    return TransientError(f"{url} is not available: {said}", hint=hint)


def _answered(error: Exception, said: str, url: str) -> RetailStreamError:
    found = answer_of(error)
    if found is None and status_of(error) >= 500:
        return TransientError(f"{url} is not available: {said}", hint=AGAIN_HINT)
    if found is None or found.reaction is Reaction.OTHER_WAY:
        return RetailStreamError(f"{url} failed: {said}", hint="retailstream doctor")
    if found.reaction.passes:
        return TransientError(f"{url} is not available: {said}", hint=found.advice)
    if found.reaction is Reaction.USER:
        return UsageError(f"{url} refuses us: {said}", hint=found.advice)
    return RetailStreamError(f"{url} failed: {found.means} ({said})", hint=found.advice)

"""An environment of AWS, opened from plain values: settings, and a secret that only its name is told of."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit, urlunsplit

from retailstream import settings
from retailstream.errors import RetailStreamError, TransientError, UsageError
from retailstream.wiring import open_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from retailstream.wiring import Environment

PASSING: Final = {
    "InternalServiceError",
    "InternalServiceErrorException",
    "ThrottlingException",
    "RequestLimitExceeded",
}


@contextmanager
def opened(home: Path, flags: Mapping[str, str | None], secret: str | None) -> Iterator[Environment]:
    """Open an environment; `secret` names what Secrets Manager keeps of the database's user and password."""
    loaded = settings.load(home=home, config=None, flags=flags)
    if secret:
        url = with_secret(loaded.settings.database.url, secret)
        loaded = settings.load(home=home, config=None, flags={**flags, "database.url": url})
    with open_environment(home, loaded, create=True) as env:
        yield env


def with_secret(url: str, secret: str) -> str:
    """Return a database's URL with the user and the password that Secrets Manager keeps under a name.

    Raises UsageError where there is no such secret or it may not be read, TransientError where AWS does not answer.
    """
    import boto3  # noqa: PLC0415 -- only a secret needs it
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 -- same

    try:
        answer = boto3.session.Session().client("secretsmanager").get_secret_value(SecretId=secret)
        kept = json.loads(answer["SecretString"])
        user, password = quote(kept["username"], safe=""), quote(kept["password"], safe="")
    except ClientError as error:
        raise _ours(error, secret) from error
    except BotoCoreError as error:
        raise TransientError(f"secret '{secret}' cannot be read: {error}", hint="run the same command again") from error
    except (ValueError, KeyError, TypeError):
        # The error would show what was read.
        raise UsageError(f"secret '{secret}' has no username and password", hint="use the one that RDS keeps") from None
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{user}:{password}@{parts.netloc.rpartition('@')[2]}"))


def _ours(error: Exception, secret: str) -> RetailStreamError:
    code = getattr(error, "response", {}).get("Error", {}).get("Code", "")
    if code in PASSING:
        return TransientError(f"secret '{secret}' cannot be read: {code}", hint="run the same command again")
    return UsageError(f"secret '{secret}' cannot be read: {error}", hint="check its name and the rights of the role")

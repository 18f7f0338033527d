"""URLs of servers, which may hold passwords: what is wrong with one is told without showing any of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import BaseModel, ValidationError

from retailstream.errors import UsageError

Options = TypeVar("Options", bound=BaseModel)


@dataclass(frozen=True)
class ServerUrl(Generic[Options]):
    """The parts of a URL, unquoted; what it does not name is empty."""

    scheme: str
    user: str
    password: str
    host: str
    port: int | None
    database: str
    options: Options


def read_url(url: str, *, setting: str, form: str, options: type[Options]) -> ServerUrl[Options]:
    """Return the parts of the URL that a setting holds; UsageError for one of another form, or with other options."""
    try:
        parts = urlsplit(url)
        port = parts.port
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
    except ValueError:
        escaped = "write @ : / ? # in a password as %40 %3A %2F %3F %23"
        raise UsageError(f"{setting} cannot be read", hint=f"use {form}; {escaped}") from None
    return ServerUrl(
        parts.scheme,
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        parts.hostname or "",
        port,
        unquote(parts.path.removeprefix("/")),
        _options(query, setting, options),
    )


def _options(query: dict[str, str], setting: str, options: type[Options]) -> Options:
    try:
        return options.model_validate(query)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        message = "unknown" if first["type"] == "extra_forbidden" else first["msg"]
        raise UsageError(
            f"{setting} has a wrong option '{first['loc'][0]}': {message}",
            hint=f"known are {', '.join(options.model_fields)}",
        ) from None

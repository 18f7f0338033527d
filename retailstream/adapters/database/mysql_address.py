"""Where a MySQL server is and how it is to be spoken to, read from a `mysql+pymysql://` URL.

The options after the `?`, all of them optional:

- `ssl_ca=FILE`: TLS, with the server's certificate and name checked against these authorities; `ssl=true` takes those
  of the system. `ssl_check_hostname=false` leaves the name out, `ssl_cert=FILE` and `ssl_key=FILE` show one of our own.
- `iam=true`: no password, but a token of AWS for each connection (RDS); needs TLS. `region=NAME` beats boto3's
  own choice.
- `local_infile=false`: rows travel by INSERT, as where the server forbids LOAD DATA LOCAL.
- `retry_seconds=30`, at most 60: how long a server may be away, a lock held or a deadlock come back, before we give up.
- `connect_timeout=10`, `read_timeout=600`, `write_timeout=600`: seconds of silence that count as a lost connection.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from retailstream.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

SCHEME: Final = "mysql+pymysql://"
FORM: Final = f"{SCHEME}USER:PASSWORD@HOST:PORT/DATABASE"


class Options(BaseModel):
    """What stands after the `?` of the URL."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    ssl: bool = False
    ssl_ca: str | None = None
    ssl_cert: str | None = None
    ssl_key: str | None = None
    ssl_check_hostname: bool = True
    iam: bool = False
    region: str | None = None
    local_infile: bool = True
    retry_seconds: float = Field(default=30, ge=0, le=60)
    connect_timeout: int = Field(default=10, ge=1, le=60)
    read_timeout: int = Field(default=600, ge=1)
    write_timeout: int = Field(default=600, ge=1)
    unix_socket: str | None = None

    @property
    def secure(self) -> bool:
        """Whether the connection must be TLS."""
        return self.ssl or self.iam or any((self.ssl_ca, self.ssl_cert, self.ssl_key))


@dataclass(frozen=True, repr=False)
class Address:
    """A database on a server; it prints without its password."""

    url: URL
    options: Options

    def __repr__(self) -> str:
        return f"Address({self})"

    def __str__(self) -> str:
        return self.url.set(query={}).render_as_string(hide_password=True)

    def connect_arguments(self) -> dict[str, Any]:
        """Return what PyMySQL is told beside the URL's own parts.

        Raises UsageError where a certificate cannot be read.
        """
        options = self.options
        arguments: dict[str, Any] = {
            "charset": "utf8mb4",
            "connect_timeout": options.connect_timeout,
            "read_timeout": options.read_timeout,
            "write_timeout": options.write_timeout,
        }
        if self.url.password is not None:
            arguments["password"] = self.url.password.encode()  # PyMySQL would take text for Latin-1
        if options.unix_socket:
            arguments["unix_socket"] = options.unix_socket
        if options.secure:
            arguments["ssl"] = self._tls()
        return arguments

    def _tls(self) -> ssl.SSLContext:
        """Return a context that verifies; PyMySQL's own reading of a lone `ssl_ca` would not."""
        options = self.options
        try:
            context = ssl.create_default_context(cafile=options.ssl_ca)
            if options.ssl_cert:
                context.load_cert_chain(options.ssl_cert, options.ssl_key)
        except OSError as error:
            files = ", ".join(filter(None, (options.ssl_ca, options.ssl_cert, options.ssl_key)))
            raise UsageError(f"the certificates of {self} cannot be read: {files}: {error.strerror}") from error
        context.check_hostname = options.ssl_check_hostname
        return context


def address_of(url: str) -> Address:
    """Return the address that a URL names.

    Raises UsageError for one of another form, without showing any of it: it may hold a password.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise UsageError(
            "database.url cannot be read", hint=f"use {FORM}; write @ : / ? in a password as %40 …"
        ) from None
    if parsed.drivername != "mysql+pymysql":
        raise UsageError(f"database.url has the unknown scheme '{parsed.drivername}'", hint=f"use {FORM}")
    if not (parsed.host and parsed.database):
        raise UsageError("database.url names no host or no database", hint=f"use {FORM}")
    try:
        options = Options.model_validate(dict(parsed.query))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = first["loc"][0]
        known = ", ".join(Options.model_fields)
        message = "unknown" if first["type"] == "extra_forbidden" else first["msg"]
        raise UsageError(f"database.url has a wrong option '{name}': {message}", hint=f"known are {known}") from None
    return Address(parsed, options)

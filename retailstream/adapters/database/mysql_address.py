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
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from retailstream.adapters.server_url import read_url
from retailstream.errors import UsageError

SCHEME: Final = "mysql+pymysql"
FORM: Final = f"{SCHEME}://USER:PASSWORD@HOST:PORT/DATABASE"


class Options(BaseModel):
    """What stands after the `?` of the URL."""

    model_config = ConfigDict(frozen=True, extra="forbid")

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

    @property
    def secure(self) -> bool:
        """Whether the connection must be TLS."""
        return self.ssl or self.iam or any((self.ssl_ca, self.ssl_cert, self.ssl_key))


@dataclass(frozen=True)
class Address:
    """A database on a server; it prints without its password."""

    user: str
    password: str = field(repr=False)
    host: str
    port: int
    database: str
    options: Options

    def __str__(self) -> str:
        return f"{SCHEME}://{self.user}:***@{self.host}:{self.port}/{self.database}"

    def connect_arguments(self) -> dict[str, Any]:
        """Return what PyMySQL is told to connect.

        Raises UsageError where a certificate cannot be read, or AWS gives no token.
        """
        options = self.options
        return {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "password": self.secret().encode(),  # PyMySQL would take text for Latin-1
            "database": self.database,
            "charset": "utf8mb4",
            "connect_timeout": options.connect_timeout,
            "read_timeout": options.read_timeout,
            "write_timeout": options.write_timeout,
            **({"ssl": self._tls} if options.secure else {}),
        }

    def secret(self) -> str:
        """Return the password, or a fresh token of AWS; UsageError where it gives none."""
        return _token(self) if self.options.iam else self.password

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """A context that verifies; PyMySQL's own reading of a lone `ssl_ca` would not."""
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
    found = read_url(url, setting="database.url", form=FORM, options=Options)
    if found.scheme != SCHEME:
        raise UsageError(f"database.url has the unknown scheme '{found.scheme}'", hint=f"use {FORM}")
    if not (found.user and found.host and found.database):
        raise UsageError("database.url names no user, no host or no database", hint=f"use {FORM}")
    return Address(found.user, found.password, found.host, found.port or 3306, found.database, found.options)


def _token(address: Address) -> str:
    """Return a fresh token of AWS, which opens connections for 15 minutes."""
    try:
        import boto3  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: PLC0415 -- a token's need
        from botocore.exceptions import (  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: PLC0415
            BotoCoreError,
            ClientError,
        )
    except ImportError as error:
        raise UsageError(
            f"a token for {address} needs boto3, which is not installed", hint="pip install boto3"
        ) from error
    try:
        client = boto3.client("rds", region_name=address.options.region)
        token = client.generate_db_auth_token(DBHostname=address.host, Port=address.port, DBUsername=address.user)
    except (BotoCoreError, ClientError) as error:
        raise UsageError(f"AWS gives no token for {address}: {error}", hint="aws sts get-caller-identity") from error
    return str(token)

"""Where a HiveServer2 is and how it is to be spoken to, read from a `hive://` URL.

The options after the `?`, all of them optional:

- `ssl_ca=FILE`: TLS, with the server's certificate and name checked against these authorities; `ssl=true` takes those
  of the system. `ssl_check_hostname=false` leaves the name out.
- `retry_seconds=30`, at most 60: how long a server may be away before we give up.
- `connect_timeout=10`, `read_timeout=50`: seconds of silence that count as a lost connection. A query at work is not
  silent: it is asked how far it is.
"""

from __future__ import annotations

import getpass
import re
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from retailstream.adapters.server_url import read_url
from retailstream.errors import UsageError

SCHEME: Final = "hive"
FORM: Final = f"{SCHEME}://USER:PASSWORD@HOST:PORT/DATABASE"

Auth = Literal["NONE", "NOSASL", "LDAP", "KERBEROS"]
"""How we say who we are, as `hive.server2.authentication` of the server's own settings has it."""


class Options(BaseModel):
    """What stands after the `?` of the URL."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ssl: bool = False
    ssl_ca: str | None = None
    ssl_check_hostname: bool = True
    retry_seconds: float = Field(default=30, ge=0, le=60)
    connect_timeout: float = Field(default=10, gt=0, le=60)
    read_timeout: float = Field(default=50, gt=0)

    @property
    def secure(self) -> bool:
        """Whether the connection must be TLS."""
        return self.ssl or self.ssl_ca is not None


@dataclass(frozen=True)
class Address:
    """A database on a HiveServer2; it prints without its password."""

    user: str
    password: str = field(repr=False)
    host: str
    port: int
    database: str
    options: Options = field(default_factory=Options)
    auth: Auth = "NONE"
    kerberos_service: str = "hive"

    def __str__(self) -> str:
        password = ":***" if self.password else ""
        return f"{SCHEME}://{self.user}{password}@{self.host}:{self.port}/{self.database}"


def address_of(url: str, *, auth: Auth = "NONE", kerberos_service: str = "hive") -> Address:
    """Return the address that a URL names; without a user it is that of this process.

    Raises UsageError for one of another form, without showing any of it: it may hold a password.
    """
    found = read_url(url, setting="warehouse.url", form=FORM, options=Options)
    if found.scheme != SCHEME or not (found.host and found.database):
        raise UsageError("warehouse.url names no host or no database", hint=f"use {FORM}")
    if re.fullmatch(r"[A-Za-z0-9_]+", found.database) is None:
        raise UsageError("warehouse.url names a database that is no name", hint="use letters, digits and _")
    if auth not in get_args(Auth):
        raise UsageError(f"hive.auth '{auth}' is unknown", hint=f"use one of {', '.join(get_args(Auth))}")
    if auth == "LDAP" and not found.password:
        raise UsageError("warehouse.url holds no password, which hive.auth LDAP needs", hint=f"use {FORM}")
    user, port = found.user or getpass.getuser(), found.port or 10000
    return Address(user, found.password, found.host, port, found.database, found.options, auth, kerberos_service)

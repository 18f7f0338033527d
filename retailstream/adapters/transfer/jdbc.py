"""The database's address as JDBC has it, for engines in Java; the password is never part of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from retailstream.adapters.database.mysql_server import SQL_MODE
from retailstream.errors import UsageError

if TYPE_CHECKING:
    from retailstream.adapters.database.mysql_address import Address

DRIVER: Final = "org.mariadb.jdbc.Driver"
"""MariaDB's driver, which speaks to MySQL, too."""

FETCHED: Final = 1_000
"""Rows that the driver holds at a time; it would hold all of them unless it is told a number."""

SESSION: Final = f"time_zone='+00:00',sql_mode='{SQL_MODE}'"
"""What a session says first, as ours do: TIMESTAMP values are read as those of UTC, and SQL means the same."""


def jdbc_url(address: Address, *, scheme: str = "mariadb") -> str:
    """Return the URL of a database; with the scheme `mysql` Spark knows how names are quoted there."""
    options = address.options
    if options.ssl_cert:
        raise UsageError(
            f"{address} wants a certificate of ours, which the engines in Java cannot show",
            hint="leave ssl_cert out, or use --engine native",
        )
    words = [f"sessionVariables={SESSION}", f"connectTimeout={1000 * options.connect_timeout}"]
    words += [f"socketTimeout={1000 * options.read_timeout}"]
    if scheme == "mysql":
        words.append("permitMysqlScheme")
    if options.secure:
        words.append(f"sslMode={'verify-full' if options.ssl_check_hostname else 'verify-ca'}")
        words += [f"serverSslCert={options.ssl_ca}"] if options.ssl_ca else []
    return f"jdbc:{scheme}://{address.host}:{address.port}/{quote(address.database)}?{'&'.join(words)}"

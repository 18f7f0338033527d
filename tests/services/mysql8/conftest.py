"""MySQL itself in the place of MariaDB: what a suite asks of `mariadb` here is asked of a MySQL 8.0."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

import pytest

from stack.mysql import FOLDER, is_for_this_machine
from tests.services.certificates import do
from tests.services.mariadb import PASSWORD, USER, MariaDb
from tests.services.servers import free_port, require

if TYPE_CHECKING:
    from collections.abc import Iterator


class MySql(MariaDb):
    """One server, and its folder."""

    def install(self) -> None:
        """Make an empty data folder; the certificate is of the server's own making."""
        do(*self._words(), "--initialize-insecure")

    def _command(self) -> list[str]:
        return [
            *self._words(),
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            f"--socket={self.folder / 's'}",
            f"--pid-file={self.folder / 'pid'}",
            "--mysqlx=OFF",
            "--local-infile=1",
            "--innodb-buffer-pool-size=128M",
            # For the users that tests make: a proxy without TLS cannot pass on what the server's own way asks for.
            "--default-authentication-plugin=mysql_native_password",
        ]

    def _words(self) -> list[str]:
        folders = f"--basedir={FOLDER}", f"--datadir={self.folder / 'data'}", f"--tmpdir={self.folder}"
        return [self.programs["mysqld"], "--no-defaults", *folders, f"--user={getpass.getuser()}"]


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDb]:
    """A running server with a user, who shows his password in MySQL's own way."""
    binary = FOLDER / "bin" / "mysqld"
    if not is_for_this_machine():
        pytest.skip("there is no MySQL for this kind of machine")
    require(binary.is_file(), "MySQL is missing: make services")
    server = MySql({"mysqld": str(binary)}, tmp_path_factory.mktemp("mysql8"), free_port())
    server.install()
    server.start()
    try:
        how = f"identified with caching_sha2_password by '{PASSWORD}'"
        server.sql(f"create user '{USER}'@'localhost' {how}")
        server.sql(f"grant all on *.* to '{USER}'@'localhost'")
        yield server
    finally:
        server.stop()

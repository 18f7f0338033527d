"""A MariaDB server of the tests' own: throwaway data, a free loopback port, TLS, and a user with a password."""

from __future__ import annotations

import getpass
import subprocess
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pymysql
import pytest

from tests.services.certificates import do, make_authority, make_certificate
from tests.services.servers import free_port, program, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

USER, PASSWORD = "ann", "s3cret/p@ss:wörd"
ENCODED = "s3cret%2Fp%40ss%3Aw%C3%B6rd"


PROGRAMS = ("mariadbd", "mariadb-install-db", "openssl")


@dataclass
class MariaDb:
    """One server, its programs and its folder."""

    programs: dict[str, str] = field(repr=False)
    folder: Path
    port: int
    options: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def install(self) -> None:
        """Make an empty data folder, and certificates of an authority of our own."""
        do(
            self.programs["mariadb-install-db"],
            "--no-defaults",
            f"--datadir={self.folder / 'data'}",
            f"--user={getpass.getuser()}",
            f"--tmpdir={self.folder}",  # two servers that are made at once would share their temporary tables
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        )
        for authority in ("ca", "stranger"):
            make_authority(self.folder, authority)
        make_certificate(self.folder, "server", "ca")

    def file(self, name: str) -> str:
        """Return the path of a file in the server's folder."""
        return str(self.folder / name)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        command = [*self._command(), *self.options]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_for(self.process, self.folder / "log", self._answers)

    def _command(self) -> list[str]:
        return [
            self.programs["mariadbd"],
            "--no-defaults",
            f"--datadir={self.folder / 'data'}",
            f"--user={getpass.getuser()}",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            f"--socket={self.folder / 's'}",
            f"--pid-file={self.folder / 'pid'}",
            "--local-infile=1",
            "--innodb-buffer-pool-size=128M",
            f"--ssl-ca={self.file('ca.pem')}",
            f"--ssl-cert={self.file('server.pem')}",
            f"--ssl-key={self.file('server.key')}",
        ]

    def kill(self) -> None:
        """End the server at once, as a power cut would."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        """End the server in good order."""
        if self.process:
            self.process.terminate()
            self.process.wait(60)

    def connect(self, database: str | None = None) -> pymysql.connections.Connection[Any]:
        """Return a connection of the administrator."""
        return pymysql.connect(
            host="127.0.0.1", port=self.port, user="root", database=database, autocommit=True, ssl_disabled=True
        )

    def sql(self, statement: str, database: str | None = None) -> list[tuple[Any, ...]]:
        """Return the answer to a statement of the administrator."""
        with closing(self.connect(database)) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())

    def url(self, database: str, *, password: str = ENCODED, **options: object) -> str:
        """Return the URL of a database."""
        words = "&".join(f"{name}={value}" for name, value in options.items())
        return f"mysql+pymysql://{USER}:{password}@127.0.0.1:{self.port}/{database}?{words}".rstrip("?")

    def _answers(self) -> bool:
        try:
            self.sql("select 1")
        except pymysql.err.OperationalError:
            return False
        return True


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDb]:
    """A running server with a user."""
    programs = {name: program(name) for name in PROGRAMS}
    server = MariaDb(programs, tmp_path_factory.mktemp("db"), free_port())
    server.install()
    server.start()
    try:
        server.sql(f"create user '{USER}'@'localhost' identified by '{PASSWORD}'")
        server.sql(f"grant all on *.* to '{USER}'@'localhost'")
        yield server
    finally:
        server.stop()
    assert server.process is not None
    assert server.process.returncode == 0


@pytest.fixture
def database_name(mariadb: MariaDb, request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database on the server, gone after the test."""
    name = f"retail_{abs(hash(request.node.nodeid)) % 10**9}"
    mariadb.sql(f"create database {name}")
    yield name
    mariadb.sql(f"drop database {name}")

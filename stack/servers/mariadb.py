"""The relational database: MariaDB, in place of RDS for MySQL."""

from __future__ import annotations

import getpass
import subprocess
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from stack.installing import debian, program
from stack.place import HOST, write_private
from stack.progress import MissingError
from stack.server import Server

if TYPE_CHECKING:
    from stack.place import Place

NAME: Final = "mariadb"
DATABASE: Final = "retail"
USER: Final = "retail"


def _prepare(place: Place) -> None:
    """Make the data, and a password for the administrator before anyone can ask."""
    data = place.data(NAME)
    if (data / "mysql").is_dir():
        return
    # The script cannot cope with a blank on the way to its folder.
    words = [f"--datadir=./{data.name}", f"--user={getpass.getuser()}", "--auth-root-authentication-method=normal"]
    command = [program("mariadb-install-db"), "--no-defaults", *words, "--skip-test-db"]
    done = subprocess.run(command, cwd=data.parent, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MissingError(f"mariadb-install-db failed: {(done.stdout + done.stderr).strip()[-1000:]}")
    first = (
        f"alter user 'root'@'localhost' identified by '{place.secret('mariadb-root')}';\n"
        f"create database if not exists {DATABASE};\n"
        f"create user if not exists '{USER}'@'localhost' identified by '{place.secret(NAME)}';\n"
        f"grant all on {DATABASE}.* to '{USER}'@'localhost';\n"
    )
    write_private(data / "first.sql", first)


def _command(place: Place) -> list[str]:
    data = place.data(NAME)
    return [
        program("mariadbd"),
        "--no-defaults",
        f"--datadir={data}",
        f"--user={getpass.getuser()}",
        f"--port={place.port(NAME)}",
        f"--bind-address={HOST}",
        f"--socket={place.folder / 'mariadb.sock'}",
        f"--pid-file={data / 'pid'}",
        f"--init-file={data / 'first.sql'}",
        "--local-infile=1",
        "--innodb-buffer-pool-size=256M",
    ]


def ask(place: Place, statement: str, *, user: str = "root") -> list[tuple[Any, ...]]:
    """Return the answer to a statement, of the administrator unless another is named."""
    import pymysql  # noqa: PLC0415 -- what this server needs

    secret = place.secret(NAME if user == USER else f"{NAME}-{user}")
    connection = pymysql.connect(host=HOST, port=place.port(NAME), user=user, password=secret, connect_timeout=2)
    with closing(connection), connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def _url(place: Place, secret: str) -> str:
    return f"mysql+pymysql://{USER}:{secret}@{HOST}:{place.port(NAME)}/{DATABASE}"


MARIADB: Final = Server(
    NAME,
    install=partial(
        debian,
        "mariadb-server-core mariadb-client-core",
        "mariadbd",
        "mariadb-install-db",
    ),
    prepare=_prepare,
    command=_command,
    ready=lambda place: ask(place, "select 1 from information_schema.tables", user=USER),
    address=lambda place: _url(place, "***"),
    gives=lambda place: {"RETAILSTREAM__DATABASE__URL": _url(place, place.secret(NAME))},
)

"""An environment to test in whose buckets are on a real S3 server and whose tables are on a real MariaDB.

The S3 server keeps objects as files, so its folders stand in the home where an embedded environment has its own, and
tests that look at files look at objects.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from tests.environment import PUBLISHED, Environment, Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.services.mariadb import MariaDb
    from tests.services.s3_server import S3Server

TABLES = {
    "sales": "select store, dept, cast(date as char), cast(weekly_sales * 100 as signed), is_holiday, customers from sales",
    "stores": "select store, type, size from stores",
    "retailstream_loads": "select table_name, `partition`, digest from retailstream_loads where `partition` <> ''",
}
"""The tables as SQLite has them."""

COLUMNS = {
    "sales": "store, dept, date, weekly_sales_cents, is_holiday, customers",
    "stores": "store, type, size",
    "retailstream_loads": "table_name, partition, digest",
}


@dataclass(frozen=True)
class Served(Environment):
    """An environment on services, which are set up by its first command; its configuration lies beside its home."""

    s3: ClassVar[S3Server]
    mariadb: ClassVar[MariaDb]

    @property
    def name(self) -> str:
        """What its buckets and its database are called."""
        return "t" + hashlib.sha256(str(self.home).encode()).hexdigest()[:12]

    @property
    def config(self) -> Path:
        """The file that names the services."""
        return self.home.with_name(f"{self.home.name}.toml")

    @property
    def options(self) -> list[str]:
        """What tells a command which environment is meant."""
        self.set_up()
        return [*super().options, "--config", str(self.config)]

    def set_up(self) -> None:
        """Make buckets and a database, unless they are there."""
        if self.config.exists():
            return
        client, folder = self.s3.client(), self.home / "lake"
        folder.mkdir(parents=True, exist_ok=True)
        for bucket in ("raw", "clean"):
            client.create_bucket(Bucket=f"{self.name}-{bucket}")
            (folder / bucket).symlink_to(self.s3.folder / "data" / f"{self.name}-{bucket}")
        self.mariadb.sql(f"create database {self.name}")
        lake = f'raw = "s3://{self.name}-raw"\nclean = "s3://{self.name}-clean"'
        self.config.write_text(f'[lake]\n{lake}\n[database]\nurl = "{self.mariadb.url(self.name)}"\n')

    def database(self, query: str) -> list[Row]:
        """Return the answer of the relational database, which is asked as if it were SQLite."""
        there = {name for (name,) in self.mariadb.sql("show tables", self.name)}
        with closing(sqlite3.connect(":memory:")) as connection:
            for table, rows in TABLES.items():
                if table in there:
                    connection.execute(f"create table {table} ({COLUMNS[table]})")
                    marks = ", ".join("?" * (COLUMNS[table].count(",") + 1))
                    connection.executemany(f"insert into {table} values ({marks})", self.mariadb.sql(rows, self.name))
            connection.execute(
                "create view sales_in_dollars as select *, weekly_sales_cents / 100.0 as weekly_sales from sales"
            )
            return connection.execute(query).fetchall()

    def change_database(self, statements: str) -> None:
        """Change the relational database behind the product's back, as if it were SQLite with its cents."""
        for statement in statements.split("; "):
            said = re.sub(r"\bset weekly_sales_cents = (.+) where", r"set weekly_sales = (\1) / 100 where", statement)
            self.mariadb.sql(said.replace("weekly_sales_cents", "weekly_sales * 100"), self.name)

    def change_state(self, statement: str, *values: object) -> None:
        """Change the memory of the environment, which is in its database, behind the product's back."""
        said = re.sub(r"^update (\w+)", r"update retailstream_\1", statement).replace("?", "%s")
        with closing(self.mariadb.connect(self.name)) as connection, connection.cursor() as cursor:
            cursor.execute(said, values)

    def address(self, path: Path) -> str:
        """Return what the product calls an object, or a file of the home."""
        within = path.relative_to(self.home).as_posix()
        return f"s3://{self.name}-{within.removeprefix('lake/')}" if within.startswith("lake/") else str(path)

    def overwrite(self, path: Path, data: bytes) -> None:
        """Give other bytes to an object, through its server, or to a file of the home."""
        bucket, _, key = self.address(path).removeprefix("s3://").partition("/")
        if bucket:
            self.s3.client().put_object(Bucket=bucket, Key=key, Body=data)
        else:
            path.write_bytes(data)

    def files(self, *folders: str) -> dict[str, bytes]:
        """Return the content of every file in these folders of the home, and of every object."""
        return {path.relative_to(self.home).as_posix(): path.read_bytes() for path in self._paths(folders)}

    def times(self, *folders: str) -> dict[str, tuple[int, int]]:
        """Return when every file of these folders, and every object, was changed last, and its inode."""
        return {
            path.relative_to(self.home).as_posix(): (path.stat().st_mtime_ns, path.stat().st_ino)
            for path in self._paths(folders)
        }

    def _paths(self, folders: tuple[str, ...]) -> Iterator[Path]:
        for folder in folders or PUBLISHED:
            for root, within, names in os.walk(self.home / folder, followlinks=True):
                # Copies come and go as objects are read; what begins with a dot is the server's own.
                within[:] = sorted(name for name in within if name != "copies" and not name.startswith("."))
                yield from (Path(root, name) for name in sorted(names))


def new_environment(folder: Path) -> Served:
    """Return an environment within a folder."""
    (folder / "source").mkdir(parents=True)
    return Served(folder / "source", folder / "home")


def copied(env: Served, folder: Path) -> Served:
    """Return a copy of an environment, so that a test may change what took others long to make."""
    shutil.copytree(env.source, folder / "source")
    copy = Served(folder / "source", folder / "home")
    copy.set_up()
    shutil.copytree(env.home, copy.home, dirs_exist_ok=True, ignore=shutil.ignore_patterns("lake"))
    for bucket in ("raw", "clean"):
        # A server keeps ETags beside the bytes, as attributes of the files, which are copied, too.
        shutil.copytree(env.home / "lake" / bucket, copy.home / "lake" / bucket, dirs_exist_ok=True)
    for (table,) in env.mariadb.sql("show tables", env.name):
        env.mariadb.sql(f"create table {copy.name}.{table} like {env.name}.{table}")
        env.mariadb.sql(f"insert into {copy.name}.{table} select * from {env.name}.{table}")
    return copy

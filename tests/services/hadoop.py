"""HDFS, Hive's metastore and HiveServer2 of the tests' own: started by the code of `stack/`, in a folder that goes."""

from __future__ import annotations

import getpass
import json
import os
import shlex
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from stack.place import CACHE, Place
from stack.supervision import Supervisor
from tests.services.servers import package, program, require

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
JARS = ("hdfs", "hive", "hive-tail", "hive-schema", "sqoop")


@dataclass
class Hadoop:
    """Servers by the names that `python -m stack status` tells: namenode, datanode, metastore, hiveserver2, mariadb."""

    folder: Path

    def up(self, *servers: str) -> None:
        """Start those that do not run, with what they need, and wait until all are ready."""
        self._stack("up", *servers)

    def stop(self) -> None:
        """Stop all of them; their data stays."""
        Supervisor(self.place).stop()

    def down(self) -> None:
        """Stop all of them, and take their data away."""
        self._stack("down")

    @property
    def variables(self) -> dict[str, str]:
        """What the stack tells in its file of variables."""
        lines = (self.folder / "env").read_text().splitlines()
        return {name: shlex.split(value)[0] for name, value in (line.split("=", 1) for line in lines)}

    @property
    def place(self) -> Place:
        """The folder, ports and credentials."""
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("RETAILSTREAM_STACK", str(self.folder))
            return Place.here()

    @property
    def hdfs(self) -> str:
        """The file system, such as `hdfs://127.0.0.1:8020`."""
        return self.variables["HDFS_URL"]

    @property
    def conf(self) -> Path:
        """The folder of a client's settings: HADOOP_CONF_DIR."""
        return Path(self.variables["HADOOP_CONF_DIR"])

    @property
    def metastore(self) -> str:
        """The metastore, such as `thrift://127.0.0.1:9083`."""
        return self.variables["HIVE_METASTORE_URI"]

    @property
    def hiveserver2(self) -> tuple[str, int]:
        """The host and port of HiveServer2."""
        host, port = self.variables["HIVE_SERVER2"].split(":")
        return host, int(port)

    def query(self, *statements: str) -> list[tuple[Any, ...]]:
        """Return what a plain PyHive client gets for the last of some statements."""
        from pyhive import hive  # noqa: PLC0415 -- where it is missing, tests are skipped

        host, port = self.hiveserver2
        with closing(hive.connect(host, port, username="tests", auth="NONE")) as connection:
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []

    def files(self, folder: str) -> dict[str, dict[str, Any]]:
        """Return every file below a folder, by its path within, with what WebHDFS tells of it; no such folder is empty."""
        found: dict[str, dict[str, Any]] = {}
        try:
            listed = json.loads(self._webhdfs(folder, "LISTSTATUS"))["FileStatuses"]["FileStatus"]
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return {}
            raise
        for status in listed:
            name = status["pathSuffix"]
            if status["type"] == "FILE":
                found[name] = status
            else:
                found |= {f"{name}/{path}": below for path, below in self.files(f"{folder}/{name}").items()}
        return dict(sorted(found.items()))

    def read(self, path: str) -> bytes:
        """Return the bytes of a file, as WebHDFS gives them."""
        return self._webhdfs(path, "OPEN")

    def dfs(self, *words: str) -> str:
        """Return what Hadoop's own shell says, such as `dfs("-ls", "-R", "/")`."""
        return self._program("hdfs-dfs", *words)

    def dfsadmin(self, *words: str) -> str:
        """Return what the administrator's tool says, such as `dfsadmin("-safemode", "enter")`."""
        return self._program("hdfs-dfsadmin", *words)

    def pid(self, server: str) -> int:
        """Return the process of a server that runs."""
        lines = [line.split() for line in self._stack("status", code=None).splitlines()]
        return next(int(words[3]) for words in lines if words[:2] == [server, "running"])

    def kill(self, server: str) -> None:
        """End a server at once, as a power cut would."""
        os.kill(self.pid(server), signal.SIGKILL)

    @contextmanager
    def killed(self, server: str) -> Iterator[None]:
        """Have a server gone within the block, and back with its data after it."""
        self.kill(server)
        try:
            yield
        finally:
            self.up(server, "datanode")  # it has to find a NameNode that came back

    @contextmanager
    def suspended(self, server: str) -> Iterator[None]:
        """Have a server within the block that takes connections and never answers."""
        pid = self.pid(server)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    @contextmanager
    def in_safe_mode(self) -> Iterator[None]:
        """Have a NameNode within the block that lets nobody change anything."""
        self.dfsadmin("-safemode", "enter")
        try:
            yield
        finally:
            self.dfsadmin("-safemode", "leave")

    @contextmanager
    def full(self, folder: str) -> Iterator[None]:
        """Have no room for another block within the block, below a folder that is there."""
        self.dfsadmin("-setSpaceQuota", "1", folder)
        try:
            yield
        finally:
            self.dfsadmin("-clrSpaceQuota", folder)

    def _webhdfs(self, path: str, operation: str) -> bytes:
        port = self.place.port("namenode-http")
        url = f"http://127.0.0.1:{port}/webhdfs/v1{quote(path)}?op={operation}&user.name={getpass.getuser()}"
        with urllib.request.urlopen(url, timeout=30) as answer:
            data: bytes = answer.read()
            return data

    def _stack(self, *words: str, code: int | None = 0) -> str:
        return _said(
            [sys.executable, "-m", "stack", *words],
            {"RETAILSTREAM_STACK": str(self.folder), "COLUMNS": "200"},
            code,
        )

    def _program(self, name: str, *words: str) -> str:
        return _said([str(self.folder / "bin" / name), *words], {}, 0)


def _said(command: list[str], variables: dict[str, str], code: int | None) -> str:
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
    assert code in {None, done.returncode}, done.stdout + done.stderr
    return done.stdout


def _require() -> None:
    for name in ("java", "mariadbd"):
        program(name)
    for name in JARS:
        require((CACHE / "jars" / name / "installed").is_file(), f"the jars of {name} are missing: make services")
    package("supervisor")
    package("pyhive")


@pytest.fixture(scope="session")
def _hadoop_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hadoop]:
    _require()
    hadoop = Hadoop(tmp_path_factory.mktemp("hadoop") / "s")
    yield hadoop
    hadoop.down()


@pytest.fixture(scope="session")
def hdfs(_hadoop_servers: Hadoop) -> Hadoop:
    """HDFS alone."""
    _hadoop_servers.up("datanode")
    return _hadoop_servers


@pytest.fixture(scope="session")
def hadoop(_hadoop_servers: Hadoop) -> Hadoop:
    """HDFS, metastore and HiveServer2."""
    _hadoop_servers.up("hiveserver2")
    return _hadoop_servers

"""The stack on this machine: started, looked at, crashed, healed and taken away again."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.docs.commands import try_page
from tests.docs.scenarios import STACK, tried
from tests.processes import wait_until
from tests.services.checkout import Checkout, Stack, checkout
from tests.services.servers import package, program

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A checkout without a stack, but with a blank in its path."""
    with checkout(tmp_path_factory.mktemp("a stack"), tmp_path_factory.mktemp("own")) as made:
        yield made


@pytest.fixture(scope="module")
def stack(place: Checkout) -> Iterator[Stack]:
    """Its stack, up."""
    package("supervisor")
    for name in ("versitygw", "mariadbd", "java"):
        program(name)
    place.stack("up")
    yield place.stack
    place.stack("down")


def ports(stack: Stack) -> list[int]:
    return [int(port) for value in stack.variables.values() for port in re.findall(r"127\.0\.0\.1:([0-9]+)", value)]


def is_open(port: int) -> bool:
    with closing(socket.socket()) as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_the_variables_are_for_the_owner_alone_and_name_every_server(stack: Stack) -> None:
    assert (stack.folder / "env").stat().st_mode & 0o777 == 0o600
    assert stack.folder.stat().st_mode & 0o777 == 0o700
    servers = {"RETAILSTREAM__DATABASE__URL", "AWS_ENDPOINT_URL_S3", "MINISTACK_URL", "HDFS_URL", "HIVE_METASTORE_URI"}
    servers |= {"RETAILSTREAM__MONITORING__PUSHGATEWAY"}
    folders = {"HADOOP_CONF_DIR", "HIVE_JARS", "SQOOP_HOME"}
    assert servers | folders | {"HIVE_SERVER2"} <= set(stack.variables)
    assert all(any(Path(stack.variables[name]).iterdir()) for name in folders)
    assert len(set(ports(stack))) >= 9
    assert all(map(is_open, ports(stack)))


def test_every_listener_is_on_loopback(stack: Stack) -> None:
    listening = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A":
                listening[fields[9]] = fields[1].split(":")[0]
    for process in stack.processes():
        for link in process.glob("fd/*"):
            try:
                inode = re.fullmatch(r"socket:\[([0-9]+)\]", str(link.readlink()))
            except OSError:
                continue
            if inode and inode[1] in listening:
                assert listening[inode[1]] == "0100007F", (process / "cmdline").read_bytes()


def test_no_secret_is_in_a_process_list_or_a_log(stack: Stack) -> None:
    secrets = json.loads((stack.folder / "notes.json").read_text())["secrets"]
    assert {"s3", "mariadb", "mariadb-root", "metastore"} <= set(secrets)
    assert all(len(secret) == 32 for secret in secrets.values())
    told = [(process / "cmdline").read_bytes().decode() for process in stack.processes()]
    told += [path.read_text(errors="replace") for path in (stack.folder / "log").iterdir()]
    told += [stack("status"), stack("logs"), stack("up")]
    assert not [text for text in told for secret in secrets.values() if secret in text]


def test_up_again_changes_nothing(stack: Stack) -> None:
    before = stack.pids, stack.variables
    assert "ready; what to set is in" in stack("up")
    assert (stack.pids, stack.variables) == before


def test_a_crash_is_told_with_its_log_and_up_heals_it(stack: Stack) -> None:
    before, variables = stack.pids, stack.variables
    os.kill(before["mariadb"], signal.SIGKILL)
    wait_until(lambda: "exited" in stack("status", code=1))
    told = stack("status", code=1)
    assert "mariadb has ended; its log" in told
    assert "ready for connections" in told

    stack("up")

    after = stack.pids
    assert after["mariadb"] != before["mariadb"]
    assert {name: pid for name, pid in after.items() if name != "mariadb"} == {
        name: pid for name, pid in before.items() if name != "mariadb"
    }
    assert stack.variables == variables


def test_down_leaves_nothing_even_where_the_supervisor_was_killed(tmp_path: Path, stack: Stack) -> None:
    assert stack  # what is installed is installed
    another = Stack(tmp_path / "another")
    another("up", "s3", "datanode")
    there = ports(another)
    assert len(set(there)) == 2
    os.kill(int((another.folder / "supervisor.pid").read_text()), signal.SIGKILL)
    assert "no stack is running" in another("status", code=1)

    assert "is gone, with all its servers" in another("down")

    assert (another.folder.exists(), another.processes(), [port for port in there if is_open(port)]) == (False, [], [])
    assert another("down") == "no stack is there\n"


def test_a_server_that_does_not_start_is_told_with_its_log(tmp_path: Path, stack: Stack) -> None:
    assert stack
    another = Stack(tmp_path / "another")
    (another.folder / "data" / "mariadb" / "mysql").mkdir(parents=True)  # no data of any server
    told = another("up", "mariadb", code=1)
    assert "error: mariadb has ended; its log" in told
    assert "mysql.plugin" in told
    assert (another.folder.exists(), another.processes()) == (False, [])


@pytest.fixture(scope="module")
def reader(place: Checkout, stack: Stack) -> dict[str, str]:
    """The variables of a reader of the documentation, who has a drop in the checkout, and has run it once."""
    assert stack
    variables = place.reader()
    for drop in ("drop", ".cache/demo/drop"):
        words = ("sample", drop, "--stores", "3", "--depts", "2", "--weeks", "60")
        assert stack.run("retailstream", *words, variables=variables).returncode == 0
    done = stack.run("retailstream", "run", "--source", "drop", variables=variables)
    assert done.returncode == 0, done.stderr
    return variables


@pytest.mark.parametrize("page", STACK)
def test_the_commands_of_a_page_work_on_a_stack(stack: Stack, reader: dict[str, str], page: str) -> None:
    assert try_page(STACK[page], tried(page), stack.root, reader, *stack.prefix) > 0


@pytest.mark.parametrize("engine", ["native", "sqoop", "spark"])
def test_every_engine_moves_rows_on_the_stack_as_it_is(stack: Stack, reader: dict[str, str], engine: str) -> None:
    words = ("--table", "stores", "--target", f"stores_{engine}", "--engine", engine)
    done = stack.run("retailstream", "sqoop", *words, variables=reader)
    assert done.returncode == 0, done.stderr


def test_stack_down_leaves_nothing_anywhere(place: Checkout, stack: Stack, reader: dict[str, str]) -> None:
    """After all that was done above, by every engine."""
    done = stack.run("make", "stack-down", variables=reader)
    assert (done.returncode, "is gone, with all its servers" in done.stdout) == (0, True), done.stderr
    assert (stack.folder.exists(), stack.processes()) == (False, [])
    assert place.litter() == []

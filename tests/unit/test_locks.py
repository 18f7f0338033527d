from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from retailstream.errors import LockHeldError, RetailStreamError
from retailstream.landings import Scope
from retailstream.locks import TABLES, Holder, hold, table_lock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

SALES, FEATURES = Scope.SALES_AND_STORES, Scope.FEATURES


def held(folder: Path, *scopes: str, run_id: str = "r1") -> AbstractContextManager[None]:
    return hold(folder, scopes, Holder(run_id, "run", "monday"))


def test_a_lock_names_its_holder_and_is_free_after_the_block(tmp_path: Path) -> None:
    with held(tmp_path, SALES, FEATURES):
        with pytest.raises(LockHeldError) as caught, held(tmp_path, FEATURES, run_id="r2"):
            pass
        assert caught.value.message == (
            f"run r1 (run, process {os.getpid()} on {socket.gethostname()}, since monday)"
            " is working on the features of this environment"
        )
        assert caught.value.exit_code == 5
    with held(tmp_path, FEATURES, SALES):
        pass
    assert list(tmp_path.glob("*.json")) == []


def test_scopes_are_locked_apart(tmp_path: Path) -> None:
    with held(tmp_path, SALES), held(tmp_path, FEATURES), pytest.raises(LockHeldError), held(tmp_path, SALES):
        pass


def test_tables_are_locked_one_by_one_or_all_together(tmp_path: Path) -> None:
    one, other = table_lock("one"), table_lock("other")
    with held(tmp_path, SALES, FEATURES), held(tmp_path, one), held(tmp_path, other):
        with pytest.raises(LockHeldError, match=r"is working on table 'one' of this environment$"), held(tmp_path, one):
            pass
        with pytest.raises(LockHeldError, match="is working on table 'one' of this"), held(tmp_path, TABLES):
            pass
    with held(tmp_path, TABLES):
        with pytest.raises(LockHeldError, match="is working on the tables of this"), held(tmp_path, one):
            pass
        with held(tmp_path, SALES):
            pass
    with held(tmp_path, one):
        pass


def test_whoever_gets_only_one_of_two_locks_gives_it_back(tmp_path: Path) -> None:
    with held(tmp_path, FEATURES):
        with pytest.raises(LockHeldError), held(tmp_path, SALES, FEATURES):
            pass
        with held(tmp_path, SALES):
            pass


def test_an_error_within_the_block_frees_the_lock(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), held(tmp_path, SALES):
        raise ZeroDivisionError
    with held(tmp_path, SALES):
        pass


@contextmanager
def other_process(folder: Path) -> Iterator[int]:
    """Another process that holds the lock until it is killed."""
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from retailstream.landings import Scope\nfrom retailstream.locks import Holder, hold\n"
        "with hold(Path(sys.argv[1]), [Scope.SALES_AND_STORES], Holder('dead', 'run', 'monday')):\n"
        "    print(flush=True)\n    sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
        process.kill()


def test_the_lock_of_a_process_that_died_is_free_at_once(tmp_path: Path) -> None:
    with other_process(tmp_path) as pid, pytest.raises(LockHeldError, match=rf"run dead \(run, process {pid} on"):
        held(tmp_path, SALES).__enter__()
    assert "dead" in (tmp_path / "sales-and-stores.json").read_text()  # what it left behind deceives nobody
    with held(tmp_path, SALES, run_id="r2"):
        assert '"r2"' in (tmp_path / "sales-and-stores.json").read_text()


@pytest.mark.parametrize("note", [None, b"", b"{", b"{}", b"\xff", b"[]"])
def test_a_holder_that_has_left_no_note_is_another_run(tmp_path: Path, note: bytes | None) -> None:
    with held(tmp_path, SALES):
        path = tmp_path / "sales-and-stores.json"
        path.unlink() if note is None else path.write_bytes(note)
        with pytest.raises(LockHeldError, match=r"^another run is working on the sales-and-stores"):
            held(tmp_path, SALES).__enter__()


def test_a_folder_that_takes_no_lock_is_named(tmp_path: Path) -> None:
    (tmp_path / "locks").write_text("a file")
    with pytest.raises(RetailStreamError, match=rf"no lock can be taken in {tmp_path}/locks"):
        held(tmp_path / "locks", SALES).__enter__()

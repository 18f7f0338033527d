"""What has a name on the disk has its bytes there first, and its folders after; tests/power cuts the power for real."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from retailstream import durable
from retailstream.adapters.database.sqlite import open_sqlite
from retailstream.adapters.lake.copies import Copies, Download
from retailstream.adapters.lake.folder import TOGETHER, FolderLake
from retailstream.adapters.state.sqlite import open_sqlite_state
from retailstream.targets import replacing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FULL = 2
"""How SQLite calls `synchronous = full`."""


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[tuple[str, str]]]:
    """What was synced and renamed, in order, by paths below the test's folder."""
    told: list[tuple[str, str]] = []
    sync, rename = os.fsync, Path.replace

    def synced(file: int) -> None:
        told.append(("sync", os.path.relpath(Path(f"/proc/self/fd/{file}").readlink(), tmp_path)))
        sync(file)

    def renamed(path: Path, target: Path) -> Path:
        told.append(("rename", os.path.relpath(target, tmp_path)))
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    yield told
    monkeypatch.undo()


def file(folder: Path) -> Path:
    path = folder / "a file"
    path.write_bytes(b"bytes")
    return path


STORES: dict[str, Callable[[FolderLake, Path], object]] = {
    "put": lambda lake, path: lake.put("sales/month=1/k", path),
    "write": lambda lake, _path: lake.write("sales/month=1/k", b"bytes"),
    "add_all": lambda lake, path: list(lake.add_all([("sales/month=1/k", path)])),
}


@pytest.mark.parametrize("how", STORES)
def test_an_object_is_on_the_disk_before_its_name_and_its_folders_are_after(
    tmp_path: Path, done: list[tuple[str, str]], how: str
) -> None:
    STORES[how](FolderLake(tmp_path / "lake"), file(tmp_path))

    named = done.index(("rename", "lake/sales/month=1/k"))
    assert ("sync", "lake/sales/month=1/k.part") in done[:named]
    assert ("sync", "lake/sales/month=1") in done[named:]
    assert {("sync", folder) for folder in ("lake/sales", "lake", ".")} <= set(done)


def test_what_is_stored_makes_the_folders_last_that_a_killed_run_has_made(
    tmp_path: Path, done: list[tuple[str, str]]
) -> None:
    (tmp_path / "lake" / "sales" / "month=1").mkdir(parents=True)
    for store in STORES.values():
        done.clear()
        store(FolderLake(tmp_path / "lake"), file(tmp_path))
        assert {("sync", folder) for folder in ("lake/sales", "lake", ".")} <= set(done)
        (tmp_path / "lake" / "sales" / "month=1" / "k").unlink()


def test_the_folders_of_many_files_are_synced_once(tmp_path: Path, done: list[tuple[str, str]]) -> None:
    lake, path = FolderLake(tmp_path / "lake"), file(tmp_path)
    lake.write("sales/k", b"")
    done.clear()

    assert list(lake.add_all([(f"sales/{number}", path) for number in range(TOGETHER)])) == [True] * TOGETHER

    assert done.count(("sync", "lake/sales")) == 1
    assert len([path for kind, path in done if kind == "sync" and path.endswith(".part")]) == TOGETHER


def test_a_file_for_whoever_asked_is_on_the_disk_before_its_name(tmp_path: Path, done: list[tuple[str, str]]) -> None:
    with replacing(tmp_path / "answer.csv") as part:
        part.write_text("a")

    assert done == [("sync", part.name), ("rename", "answer.csv"), ("sync", ".")]


def test_a_local_copy_is_on_the_disk_before_it_counts(tmp_path: Path, done: list[tuple[str, str]]) -> None:
    copy = Copies(tmp_path, "s3://b").keep("k", Download("1", [b"bytes"]))

    assert [Path(path).name for kind, path in done if kind == "sync"] == [copy.name]


def test_both_databases_lose_no_commit(tmp_path: Path) -> None:
    with open_sqlite_state(tmp_path / "state.db") as state, open_sqlite(tmp_path / "retail.db") as database:
        for connection in (state, database._connection):
            assert connection.execute("pragma synchronous").fetchall() == [(FULL,)]


def test_a_folder_is_made_with_those_above_and_each_entry_is_on_the_disk(
    tmp_path: Path, done: list[tuple[str, str]]
) -> None:
    durable.make_folder(tmp_path / "a" / "b")
    assert done == [("sync", "."), ("sync", "a")]
    durable.make_folder(tmp_path / "a" / "b")
    assert done == [("sync", "."), ("sync", "a")]


@pytest.mark.parametrize(("number", "passes"), [(errno.EINVAL, True), (errno.ENOTSUP, True), (errno.EIO, False)])
def test_only_a_file_system_that_syncs_no_folders_is_left_in_peace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, *, passes: bool
) -> None:
    def refuses(_file: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuses)
    if passes:
        durable.sync_folders([tmp_path])
        return
    with pytest.raises(OSError) as raised:
        durable.sync_folders([tmp_path])
    assert raised.value.filename == str(tmp_path)
    with pytest.raises(OSError) as raised:
        durable.sync(file(tmp_path))
    assert raised.value.filename == str(tmp_path / "a file")

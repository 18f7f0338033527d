"""An installation tells what is fetched, how much of it is there, and how many parts are done; parts come side by side."""

from __future__ import annotations

from functools import partial
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from stack import progress
from stack.progress import MissingError, Progress

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def part(found: Progress, name: str, folder: Path, work: Callable[[], object]) -> Callable[[], None]:
    """Return what installs a part, unless it is there."""

    def fetch() -> None:
        folder.mkdir()
        (folder / "a.jar").write_bytes(b"x" * 3_000_000)
        work()

    return lambda: None if folder.exists() else found.part(name, fetch, folder, folder.parent / "none")


def test_missing_parts_are_counted_and_come_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found, both = Progress(), Barrier(2, timeout=20)  # which neither part passes without the other
    installs = [part(found, name, tmp_path / name, both.wait) for name in ("hive", "hdfs")]
    found.install_all(installs)
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith("2 parts are missing")
    assert sorted(told[1:3]) == ["installing hdfs", "installing hive"]
    assert [line.rpartition(": ")[2] for line in told[3:]] == ["1 of 2 parts", "2 of 2 parts"]
    assert all(", 3 MB in " in line for line in told[3:])

    found.install_all(installs)
    assert capsys.readouterr().err == ""


def test_what_takes_long_is_told_meanwhile(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "EVERY", 0.01)
    found = Progress()
    told: list[str] = []

    def until_told() -> None:
        while not any("on their way" in text for text in told):
            told.append(capsys.readouterr().err)

    found.install_all([part(found, "hive", tmp_path / "hive", until_told)])
    assert "  0 of 1 parts are there; on their way: hive 3 MB" in "".join(told)


def test_the_first_part_that_fails_is_what_is_told(tmp_path: Path) -> None:
    def fail() -> None:
        raise MissingError("no network")

    found = Progress()
    installs = [part(found, "hive", tmp_path / "hive", fail), part(found, "hdfs", tmp_path / "hdfs", partial(int))]
    with pytest.raises(MissingError, match="no network"):
        found.install_all(installs)
    assert (tmp_path / "hdfs" / "a.jar").exists()

"""Local copies of objects, which several threads and processes make, look for and take away at once."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from retailstream.adapters.lake.copies import KEPT_SECONDS, Copies, Download

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def download(version: str, data: bytes = b"rows") -> Download:
    return Download(version, iter([data]))


def aged(path: Path) -> None:
    """Make a copy look as if nobody had asked for it for longer than copies are kept."""
    then = time.time() - KEPT_SECONDS - 60
    os.utime(path.parent, (then, then))


def test_the_newest_copy_is_the_one_that_was_kept_last(tmp_path: Path) -> None:
    copies = Copies(tmp_path, "s3://b")
    assert copies.newest("sales/a.csv") is None
    copies.keep("sales/a.csv", download("1", b"old"))
    copies.keep("sales/a.csv", download("2", b"new"))
    newest = copies.newest("sales/a.csv")
    assert newest is not None
    assert (newest.version, newest.path.name, newest.path.read_bytes()) == ("2", "a.csv", b"new")


def test_an_object_that_is_again_as_it_was_makes_its_old_copy_the_newest(tmp_path: Path) -> None:
    copies = Copies(tmp_path, "s3://b")
    for version in ("1", "2", "1"):
        copies.keep("a", download(version))
    newest = copies.newest("a")
    assert newest is not None
    assert newest.version == "1"


def test_what_nobody_asked_for_goes_and_what_was_asked_for_stays(tmp_path: Path) -> None:
    copies = Copies(tmp_path, "s3://b")
    unused, used = copies.keep("a", download("1")), copies.keep("b", download("1"))
    aged(unused)
    aged(used)
    other = Copies(tmp_path, "s3://b")
    assert other.newest("b") is not None
    other.keep("c", download("1"))
    assert (unused.exists(), used.exists()) == (False, True)


def test_a_copy_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise ConnectionError

    copies = Copies(tmp_path, "s3://b")
    with pytest.raises(ConnectionError):
        copies.keep("a", Download("1", broken()))
    assert copies.newest("a") is None
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_copies_are_made_and_looked_for_and_taken_away_at_once(tmp_path: Path) -> None:
    """A folder that was listed may have another name, or be gone, when it is looked into."""

    def work(number: int) -> None:
        copies = Copies(tmp_path, "s3://b")  # each sweeps, as a process does
        copies.newest("a")
        kept = copies.keep("a", download(str(number % 7)))
        copies.newest("a")
        if number % 3 == 0:
            with suppress(FileNotFoundError):  # another has taken it away already
                aged(kept)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(500)))


def test_a_copy_that_was_dropped_is_none_any_more(tmp_path: Path) -> None:
    copies = Copies(tmp_path, "s3://b")
    copies.keep("a", download("1"))
    copies.keep("b", download("1"))
    copies.drop("a")
    assert copies.newest("a") is None
    assert copies.newest("b") is not None

"""What the disk refuses is told with the name of the file: a read that fails, and a write to a disk that is full."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

from retailstream import adoption
from retailstream.adapters.database.sqlite import open_sqlite
from retailstream.contracts import STORES
from retailstream.hashing import sha256
from retailstream.records import FileSurvey, header_of, join, raw_records, records, spool, survey

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PLAIN = FileSurvey(None, ("store", "type", "size"), plain=True, records=1)
QUOTED = FileSurvey(None, ("store", "type", "size"))
PACKED = FileSurvey(None, ("store", "type", "size"), gzipped=True)


READERS: dict[str, Callable[[Path], object]] = {
    "hash": sha256,
    "join": lambda path: join([(1, path)], path.with_name("joined")),
    "records": lambda path: list(records(path, QUOTED, STORES)),
    "packed records": lambda path: list(records(path, PACKED, STORES)),
    "raw records": lambda path: raw_records(path, PLAIN, [1]),
    "header": header_of,
    "survey": lambda path: survey(path, STORES),
    "packed survey": lambda path: survey(path, STORES, name="a.csv.gz"),
    "spool": lambda path: spool(path, QUOTED, STORES, path.with_name("spool")),
    "what broke off": lambda path: adoption._broke_off(path, path),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, read: Callable[[Path], object]) -> None:
    path = tmp_path / "stores.csv"
    path.symlink_to("/proc/self/mem")  # opens, and fails as it is read

    with pytest.raises(OSError, match=r"stores\.csv") as caught:
        read(path)

    assert (caught.value.errno, caught.value.filename) == (errno.EIO, str(path))


def spooled(target: Path) -> None:
    source = target.with_name("stores.csv")
    source.write_text("store,type,size\n" + "1,A,1\n" * 10_000)
    spool(source, QUOTED, STORES, target)


def joined(target: Path) -> None:
    source = target.with_name("stores.csv")
    source.write_text("store,type,size\n" + "1,A,1\n" * 10_000)
    join([(1, source)], target)


def dumped(target: Path) -> None:
    with open_sqlite(target.with_name("retail.db")) as database:
        database._connection.execute(
            "create table stores (store, type, size, source_landing, source_file, source_record)"
        )
        database._connection.execute("insert into stores values (1, 'A', 1, 1, 'f', 1)")
        database.dump(STORES, None, target)


WRITERS: dict[str, Callable[[Path], object]] = {"spool": spooled, "join": joined, "dump": dumped}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_a_file_that_cannot_be_written_is_named(tmp_path: Path, write: Callable[[Path], object]) -> None:
    target = tmp_path / "target"
    target.symlink_to("/dev/full")

    with pytest.raises(OSError, match="target") as caught:
        write(target)

    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(target))

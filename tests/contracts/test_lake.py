"""What every lake does."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from retailstream.errors import RetailStreamError

if TYPE_CHECKING:
    from pathlib import Path

    from retailstream.ports import Lake

ODD = (
    "sales/month=2010-02/a b.csv",
    "sales/landing-000001/Woche 7 (ä, ß, 中, é).csv.gz",
    "sales/%41+%2F&x=?y#z;'quoted'\"[1]*{2}~$!@^.csv",
    "sales/.hidden",
    "s",
)


def file(folder: Path, data: bytes) -> Path:
    path = folder / "a file"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("key", ODD)
def test_what_is_put_or_written_under_any_key_comes_back(lake: Lake, tmp_path: Path, key: str) -> None:
    lake.put(key, file(tmp_path, b"\x00\xff\r\n"))
    assert lake.read(key) == b"\x00\xff\r\n"
    assert lake.fetch(key).read_bytes() == b"\x00\xff\r\n"
    assert lake.sizes("") == lake.sizes(key) == {key: 4}

    lake.write(key, b"")
    assert lake.read(key) == b""
    assert lake.sizes(key) == {key: 0}

    lake.delete([key])
    assert lake.read(key) is None
    assert lake.sizes("") == {}


def test_what_is_not_there_is_none_and_empty_and_an_error_to_fetch(lake: Lake) -> None:
    assert lake.read("sales/nothing") is None
    assert lake.sizes("") == lake.sizes("sales/") == {}
    lake.delete(["sales/nothing", "nothing"])
    with pytest.raises(RetailStreamError, match=r"'sales/nothing' is missing in .*:"):
        lake.fetch("sales/nothing")


def test_sizes_are_those_of_all_keys_that_begin_so(lake: Lake) -> None:
    for number, key in enumerate(("a/b/1", "a/b/22", "a/bb", "ab", "b")):
        lake.write(key, b"x" * number)

    assert lake.sizes("") == {"a/b/1": 0, "a/b/22": 1, "a/bb": 2, "ab": 3, "b": 4}
    assert lake.sizes("a/") == {"a/b/1": 0, "a/b/22": 1, "a/bb": 2}
    assert lake.sizes("a/b") == {"a/b/1": 0, "a/b/22": 1, "a/bb": 2}
    assert lake.sizes("a/b/2") == {"a/b/22": 1}
    assert set(lake.sizes("a")) == {"a/b/1", "a/b/22", "a/bb", "ab"}
    assert lake.sizes("c") == {}


def test_an_object_takes_the_place_of_an_older_one(lake: Lake, tmp_path: Path) -> None:
    lake.put("k", file(tmp_path, b"a long one"))
    lake.put("k", file(tmp_path, b"short"))
    assert (lake.read("k"), lake.sizes("")) == (b"short", {"k": 5})
    lake.write("k", b"written")
    assert (lake.read("k"), lake.sizes("")) == (b"written", {"k": 7})


def test_a_put_copies_and_keeps_no_hold_of_the_file(lake: Lake, tmp_path: Path) -> None:
    path = file(tmp_path, b"before")
    lake.put("k", path)
    path.write_bytes(b"after")
    assert lake.read("k") == b"before"


def test_deleting_takes_away_what_is_named_alone_and_twice_is_once(lake: Lake) -> None:
    for key in ("a/1", "a/2", "a/11"):
        lake.write(key, b"x")
    for _ in range(2):
        lake.delete(["a/1", "a/none"])
        assert set(lake.sizes("")) == {"a/2", "a/11"}
    lake.delete(["a/2", "a/11"])
    lake.write("a/1", b"again")
    assert lake.sizes("") == {"a/1": 5}


def test_many_files_are_put_at_once_and_take_the_place_of_what_was_there(lake: Lake, tmp_path: Path) -> None:
    lake.write("sales/1/k", b"old")
    files = [(f"sales/{number}/k", tmp_path / str(number)) for number in range(100)]
    for number, (_key, path) in enumerate(files):
        path.write_bytes(b"%d" % number)

    lake.put_all(files)
    lake.put_all([])

    assert lake.sizes("") == {f"sales/{number}/k": len(str(number)) for number in range(100)}
    assert [path.read_bytes() for path in lake.fetch_all([key for key, _path in files])] == [
        b"%d" % number for number in range(100)
    ]


def test_a_put_that_fails_leaves_the_old_object(lake: Lake, tmp_path: Path) -> None:
    lake.write("k", b"old")
    with pytest.raises(FileNotFoundError):
        lake.put("k", tmp_path / "gone")
    assert (lake.read("k"), lake.sizes("k")) == (b"old", {"k": 3})


def test_a_large_object_arrives_whole(lake: Lake, tmp_path: Path) -> None:
    data = bytes(range(256)) * 40_000
    lake.put("large", file(tmp_path, data))
    assert lake.fetch("large").read_bytes() == data
    assert lake.sizes("large") == {"large": len(data)}


@pytest.mark.parametrize("way", ["put", "write"])
def test_a_reader_sees_one_object_or_the_next_never_half(lake: Lake, tmp_path: Path, way: str) -> None:
    versions = [bytes([letter]) * 300_000 for letter in b"ab"]
    paths = [tmp_path / "0", tmp_path / "1"]
    for path, data in zip(paths, versions, strict=True):
        path.write_bytes(data)
    lake.write("k", versions[0])

    def change() -> None:
        for turn in range(60):
            if way == "put":
                lake.put("k", paths[turn % 2])
            else:
                lake.write("k", versions[turn % 2])

    with ThreadPoolExecutor() as pool:
        writer = pool.submit(change)
        seen = {lake.read("k")}
        while not writer.done():
            seen.add(lake.read("k"))
        writer.result()
    assert seen <= set(versions)


def test_the_url_can_be_printed(lake: Lake) -> None:
    assert "://" in lake.url
    assert lake.url.isprintable()


def test_files_are_added_under_free_keys_in_their_order_and_one_that_is_gone_is_told(
    lake: Lake, tmp_path: Path
) -> None:
    paths = [tmp_path / f"{number}.csv" for number in range(60)]
    for number, path in enumerate(paths):
        path.write_bytes(b"x" * number)
    paths[7].unlink()

    there = list(lake.add_all([(f"a/{path.name}", path) for path in paths]))

    assert there == [number != 7 for number in range(60)]
    assert lake.sizes("a/") == {f"a/{number}.csv": number for number in range(60) if number != 7}
    assert [path.read_bytes() for path in lake.fetch_all(["a/3.csv", "a/1.csv"])] == [b"xxx", b"x"]
    assert lake.fetch_all([]) == []
    assert list(lake.add_all([])) == []


def test_what_is_added_again_must_be_the_same_bytes(lake: Lake, tmp_path: Path) -> None:
    first = file(tmp_path, b"one")
    assert list(lake.add_all([("k", first)])) == [True]
    assert list(lake.add_all([("k", first)])) == [True]
    with pytest.raises(RetailStreamError, match=r"object 'k' in .* is there already, with other bytes"):
        list(lake.add_all([("k", file(tmp_path, b"two"))]))
    assert lake.read("k") == b"one"


def test_what_has_changed_is_fetched_as_it_is_now(lake: Lake) -> None:
    lake.write("k.csv.gz", b"old")
    assert lake.fetch("k.csv.gz").read_bytes() == b"old"
    lake.write("k.csv.gz", b"new")
    assert lake.fetch("k.csv.gz").read_bytes() == b"new"
    assert lake.fetch("k.csv.gz").name == "k.csv.gz"
    lake.delete(["k.csv.gz"])
    with pytest.raises(RetailStreamError, match="is missing"):
        lake.fetch("k.csv.gz")


def test_a_pickled_lake_is_the_same_lake(lake: Lake) -> None:
    lake.write("k", b"v")
    again: Lake = pickle.loads(pickle.dumps(lake))
    assert (again.url, again.read("k"), again.fetch("k").read_bytes()) == (lake.url, b"v", b"v")

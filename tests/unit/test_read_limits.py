"""What one file may ask for: how far it expands, how long its records are, and how much of them is remembered."""

from __future__ import annotations

import re
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailstream.contracts import CONTRACTS, STORES
from retailstream.errors import UsageError
from retailstream.read_limits import FREE_BYTES, ReadLimits
from retailstream.records import FileDefect, raw_records, survey
from retailstream.records.surveying import CHUNK_BYTES
from retailstream.sizes import parse_size
from tests.environment import gzipped

if TYPE_CHECKING:
    from retailstream.records import FileSurvey

HEADER = b"Store,Type,Size\n"
REAL = Path(__file__).parents[3] / "shared" / "datasets" / "retail"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("limits")


def look(
    folder: Path, content: bytes, limits: ReadLimits, *, name: str = "s.csv", chunk_bytes: int = CHUNK_BYTES
) -> FileSurvey:
    (folder / name).write_bytes(content)
    return survey(folder / name, STORES, limits=limits, chunk_bytes=chunk_bytes)


def test_a_packed_file_expands_so_many_times_its_size_and_no_more(folder: Path) -> None:
    packed = gzipped(HEADER + b"1,A,2\n" * (FREE_BYTES // 5))
    ratio = (FREE_BYTES // 5 * 6) // len(packed)

    found = look(folder, packed, ReadLimits(expansion=ratio - 1), name="s.csv.gz")

    told = f"{len(packed):,} bytes expand to more than {len(packed) * (ratio - 1):,} (limits.expansion is {ratio - 1})"
    assert found.defect == FileDefect("expansion", told)
    assert look(folder, packed, ReadLimits(expansion=ratio + 1), name="s.csv.gz").defect is None
    beyond = look(folder, packed, ReadLimits(expanded=FREE_BYTES), name="s.csv.gz")
    told = f"{len(packed):,} bytes expand to more than {FREE_BYTES:,} (limits.expanded_size)"
    assert beyond.defect == FileDefect("expansion", told)


def test_a_small_file_may_expand_as_far_as_it_likes(folder: Path) -> None:
    packed = gzipped(HEADER + b"1,A,2\n" * 20_000)

    assert look(folder, packed, ReadLimits(expansion=1), name="s.csv.gz").defect is None


LINE = st.sampled_from([b"1,A,2", b"1,A,2,3", b"", b"1", b'"1",A,2', b'"1\n2",A,2', b"x" * 30, b'1,"', b"\xe9,,"])
END = st.sampled_from([b"\n", b"\n", b"\r\n", b"\r"])


@given(lines=st.lists(st.tuples(LINE, END), max_size=8), chunk_bytes=st.integers(1, 40), limit=st.integers(15, 40))
def test_a_file_is_refused_where_a_line_is_too_long_wherever_it_is_cut_in_reading(
    folder: Path, *, lines: list[tuple[bytes, bytes]], chunk_bytes: int, limit: int
) -> None:
    content = HEADER + b"".join(line + end for line, end in lines)
    limits = ReadLimits(record=limit)

    found = look(folder, content, limits, chunk_bytes=chunk_bytes)

    assert found == look(folder, content, limits)
    if any(len(line) > limit for line in re.split(rb"\r\n|\n|\r", content)):
        assert found.defect == FileDefect("record_size", f"a record has more than {limit} bytes (limits.record_size)")
    elif b'"' not in content:
        assert found.defect is None


def test_a_record_of_many_short_lines_is_as_long_as_all_of_them(folder: Path) -> None:
    content = HEADER + b'1,"' + b"A\n" * 40 + b'",2\n'

    assert look(folder, content, ReadLimits(record=86)).defect is None
    assert look(folder, content, ReadLimits(record=85)).defect == FileDefect(
        "record_size", ReadLimits(record=85).too_long
    )


def test_a_record_that_never_ends_is_given_up_early(folder: Path) -> None:
    (folder / "never.csv").write_bytes(HEADER + b",".join([b'"' + b"x\n" * 50 + b'"'] * 120_000))
    limits = ReadLimits(record=100_000)

    tracemalloc.start()
    try:
        found = survey(folder / "never.csv", STORES, limits=limits, chunk_bytes=1 << 20)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert found.defect == FileDefect("record_size", limits.too_long)
    assert peak < 24 << 20


def test_a_line_without_end_is_not_read_to_its_end(folder: Path) -> None:
    (folder / "endless.csv.gz").write_bytes(gzipped(HEADER + b"1,A," + b"2" * (48 << 20)))
    limits = ReadLimits(expansion=2000, record=1 << 20)

    tracemalloc.start()
    try:
        found = survey(folder / "endless.csv.gz", STORES, limits=limits, chunk_bytes=1 << 20)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert found.defect == FileDefect("record_size", limits.too_long)
    assert peak < 24 << 20


def test_raw_text_is_cut_as_it_is_read(folder: Path) -> None:
    path = folder / "long.csv"
    for quote in (b"", b'"'):
        path.write_bytes(HEADER + b"1,A," + quote + b"2" * 50 + quote + b"\n2,B,3\n")
        keep = ReadLimits(kept=10).kept_text

        found = raw_records(path, survey(path, STORES), {1, 2}, keep)

        assert found[1] == f"{'1,A,' + quote.decode() + '2' * 6}"[:10] + f"… (cut: {54 + 2 * len(quote)} characters)"
        assert found[2] == "2,B,3"


def test_limits_know_what_they_refused() -> None:
    limits = ReadLimits(expansion=100, expanded=10**9, record=500)

    assert limits.refused("expansion", limits.too_much(2_000))
    assert limits.refused("expansion", limits.too_much(10**9))
    assert limits.refused("record_size", limits.too_long)
    for other in (ReadLimits(expansion=101, expanded=10**8, record=501), ReadLimits(expansion=99, record=50)):
        assert not other.refused("expansion", limits.too_much(20_000))
        assert not other.refused("record_size", limits.too_long)
    assert not limits.refused("expansion", None)


@pytest.mark.skipif(not REAL.is_dir(), reason="needs the real files")
def test_real_files_are_far_from_every_limit(folder: Path) -> None:
    header, *records = [path.read_bytes() for path in sorted(REAL.glob("sales/*.csv"))[:101]]
    together = header + b"".join(text.partition(b"\n")[2] for text in records)
    assert len(together) > 2 * FREE_BYTES
    (folder / "sales.csv.gz").write_bytes(gzipped(together))

    found = survey(folder / "sales.csv.gz", CONTRACTS["sales"], limits=ReadLimits(expansion=20, record=400))

    assert found.defect is None


@pytest.mark.parametrize(
    ("text", "size"), [("8MB", 8_000_000), ("1 MiB", 1 << 20), ("1.5k", 1500), ("4gb", 4 * 10**9), ("7k ", 7000)]
)
def test_a_size_has_a_unit(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "8", "-1MB", "lots", "1..5MB", "1 XB", "MB"])
def test_what_is_no_size_is_told(text: str) -> None:
    with pytest.raises(UsageError, match=f"^limits.x '{re.escape(text)}' is no size$"):
        parse_size(text, "limits.x")

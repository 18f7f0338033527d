from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailstream.contracts import STORES, Column, Contract, Type
from retailstream.records import FileDefect, survey
from retailstream.records.surveying import HEADER_BYTES, HEADER_SHOWN, LINE_BYTES
from tests.environment import gzipped

if TYPE_CHECKING:
    from pathlib import Path

HEADER = b"Store,Type,Size\n"
BOM = b"\xef\xbb\xbf"
WIDE = Contract("wide", (*STORES.columns, Column("customers", Type.INTEGER, optional=True)), key=("store",))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("landed")


def landed(folder: Path, content: bytes, name: str = "stores.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "rule", "value"),
    [
        (b"", "empty_file", "0 bytes"),
        (HEADER + b"1,A,\0\n", "not_text", "NUL byte at position 21"),
        (HEADER.decode().encode("utf-16"), "not_text", "UTF-16 text; save it as UTF-8"),
        (HEADER.decode().encode("utf-16-be"), "not_text", "UTF-16 text; save it as UTF-8"),
        (HEADER + b"1,A,2\n\0", "not_text", "NUL byte at its end"),
        (HEADER + b"1,A,2\n\0\0", "not_text", "NUL byte: 2 bytes at its end; cut them off"),
        (BOM + BOM + HEADER, "not_text", "two byte-order marks; one or none may stand there"),
        (gzipped(HEADER), "not_text", "gzip; its name must end in .csv.gz"),
        (b"PK\x03\x04\x14\0[Content_Types].xml", "not_text", "an Excel workbook; save it as CSV"),
        (b"PK\x03\x04\x14\0week.csv", "not_text", "a zip archive; unpack it"),
        (b"PAR1\x15\x04", "not_text", "a Parquet file"),
        (b"<!DOCTYPE html><html>", "not_text", "an HTML or XML page"),
        (b"Store,Typ\xe9,Size\n", "not_text", "Typ\\xe9"),
        (b"\0", "not_text", "NUL byte at its end"),
        (b"\n \t\r\n\r", "missing_column", "store, type, size"),
        (BOM, "missing_column", "store, type, size"),
        (b"Store,Size\n1,2\n", "missing_column", "type"),
        (
            b"Store;Type;Size\n1;A;2\n",
            "missing_column",
            "store, type, size; one field a record; ';' stands in every line",
        ),
        (b"Store\tType\tSize\n", "missing_column", "store, type, size; one field a record; a tab stands in every line"),
        (b"Store;Type;Size\n1,A\n", "missing_column", "store, type, size"),
        (b"1,A,151315\n", "missing_column", "store, type, size"),
        (b"Store,Type,Size,STORE\n", "missing_column", "store twice"),
        (b"Store,Size,size,s i_ze\n", "missing_column", "type, size twice"),
        (b"Store,Ty\xe9pe\n\0", "not_text", "NUL byte at its end"),
        (b"Store,Type,Size," + b"x" * HEADER_BYTES, "missing_column", "store, type, size"),
    ],
)
def test_a_file_that_is_not_readable_is_named(folder: Path, content: bytes, rule: str, value: str) -> None:
    found = survey(landed(folder, content), STORES)

    assert found.defect
    assert (found.defect.rule, found.defect.value) == (rule, value)
    assert not found.plain
    assert found.records is None


def test_a_header_that_does_not_fit_is_told_as_it_came(folder: Path) -> None:
    found = survey(landed(folder, b'Store,"Ty""pe",\x1b[31m' + b"x" * 600 + b"\n"), STORES)

    assert found.defect
    assert found.defect.header
    assert found.defect.header.startswith('Store,"Ty""pe",\x1b[31mxxx')
    assert len(found.defect.header) == HEADER_SHOWN
    assert found.defect.header.endswith("x…")


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (HEADER, "not gzip but plain text; its name must end in .csv"),
        (b"PK\x03\x04xl/", "not gzip but an Excel workbook; save it as CSV"),
        (gzipped(HEADER)[:-5], "not intact gzip"),
    ],
)
def test_what_is_called_gzip_and_is_none_is_told_by_what_it_is(folder: Path, content: bytes, value: str) -> None:
    found = survey(landed(folder, content, "stores.csv.gz"), STORES)

    assert found.defect == FileDefect("not_text", value)


def test_records_on_several_lines_are_counted(folder: Path) -> None:
    text = b'Note,Store,Type,Size\n"a\nb",1,A,2\nx,2,B,3\n"a\r\n\r\nb",3,C,4\n'

    assert survey(landed(folder, text), STORES).spans == ((1, 2), (3, 3))
    assert survey(landed(folder, HEADER + b'"1",A,2\n'), STORES).spans == ()


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (gzipped(b""), "empty_file"),
        (b"", "empty_file"),
        (HEADER, "not_text"),
        (gzipped(HEADER)[:-5], "not_text"),
        (gzipped(HEADER)[:5], "not_text"),
        (gzipped(HEADER)[:-8] + b"12345678", "not_text"),
        (gzipped(HEADER)[:12] + b"\xff\xff\xff" + gzipped(HEADER)[15:], "not_text"),
        (gzipped(HEADER) + b"rest", "not_text"),
        (gzipped(HEADER + b"1,\0,2"), "not_text"),
        (gzipped(b"Store,Type\n"), "missing_column"),
    ],
)
def test_a_packed_file_must_be_whole(folder: Path, content: bytes, rule: str) -> None:
    found = survey(landed(folder, content, "stores.csv.gz"), STORES)

    assert found.defect is not None
    assert found.defect.rule == rule


@pytest.mark.parametrize(
    ("content", "records"),
    [
        (HEADER, 0),
        (HEADER.rstrip(), 0),
        (HEADER + b"1,A,2\n", 1),
        (HEADER + b"1,A,2\n2,B,3", 2),
        (BOM + HEADER + b",,1\n", 1),
        (HEADER.replace(b"\n", b"\r\n") + b"1,A,2\r\n2,B,3\r\n", 2),
        (HEADER.replace(b"\n", b"\r\n") + b"1,A,2", 1),
        (HEADER + "1,é 😀,2\n".encode(), 1),
        (HEADER + b"1," + b"x" * (LINE_BYTES - 4) + b",2\n", 1),
    ],
)
def test_a_plain_file_is_known_as_such(folder: Path, content: bytes, records: int) -> None:
    found = survey(landed(folder, content), STORES)

    assert (found.defect, found.plain, found.records) == (None, True, records)


@pytest.mark.parametrize(
    "content",
    [
        b'"Store",Type,Size\n1,A,2\n',
        HEADER + b'1,A",2\n',
        HEADER + b"1,A\n",
        HEADER + b"1,A,2,\n",
        HEADER + b"1,A\n2,B,3,4\n",
        HEADER + b"1,A\n,3\n",
        HEADER + b"\n1,A,2\n",
        HEADER + b",,\n",
        HEADER + b"1,A,2\n , ,",
        HEADER + b",,1\n\t,,\n1,A,2\n",
        HEADER + b"1,A,2\n\n",
        HEADER + b"1,A,2\n \t",
        b"\n" + HEADER,
        HEADER + b"1,A,2\r\n",
        HEADER.replace(b"\n", b"\r\n") + b"1,A,2\n",
        HEADER.replace(b"\n", b"\r\n") + b"1,A,2\r",
        HEADER.replace(b"\n", b"\r\n") + b"1,A\r,2\r\n",
        HEADER.replace(b"\n", b"\r\n") + b"1,A,2\r\n\r\n",
        HEADER.replace(b"\n", b"\r") + b"1,A,2\r",
        HEADER + b"1,A\r,2\n",
        HEADER + b"1,\xff,2\n",
        HEADER + b"1," + b"x" * (LINE_BYTES - 3) + b",2\n",
    ],
)
def test_anything_unusual_is_left_to_our_own_reader(folder: Path, content: bytes) -> None:
    found = survey(landed(folder, content), STORES)

    assert (found.defect, found.plain, found.records) == (None, False, None)


def test_a_file_of_one_column_is_not_plain(folder: Path) -> None:
    single = Contract("single", STORES.columns[:1], key=("store",))

    assert not survey(landed(folder, b"store\n1\n"), single).plain


def test_columns_are_matched_in_file_order(folder: Path) -> None:
    found = survey(landed(folder, b' \n"SIZE" ,"Floor\nspace",_store, Ty pe,,\n'), WIDE)

    assert found.columns == ("size", None, "store", "type", None, None)
    assert found.unknown == ("Floor\nspace", "", "")


@pytest.mark.parametrize(("path", "name"), [("s.csv.gz", None), ("s.CSV.GZ", None), ("d41d8c", "s.csv.Gz")])
def test_a_name_tells_what_is_packed(folder: Path, path: str, name: str | None) -> None:
    found = survey(landed(folder, gzipped(HEADER), path), STORES, name=name)

    assert (found.defect, found.columns, found.gzipped) == (None, ("store", "type", "size"), True)


def test_the_given_name_counts_and_not_the_path(folder: Path) -> None:
    assert not survey(landed(folder, HEADER, "s.csv.gz"), STORES, name="s.csv").gzipped


LINE = st.sampled_from([b"1,A,2", b",,", b"1,A", b"1,A,2,3", b"", b" ", b'"1",A,2', "é,ü,€".encode(), b"\xe9,,"])
END = st.sampled_from([b"\n", b"\n", b"\r\n", b"\r"])


@given(
    lines=st.lists(st.tuples(LINE, END), max_size=8),
    end=END,
    uniform=st.booleans(),
    chunk_bytes=st.integers(1, 20),
)
def test_the_size_of_a_chunk_does_not_matter(
    folder: Path, *, lines: list[tuple[bytes, bytes]], end: bytes, uniform: bool, chunk_bytes: int
) -> None:
    body = b"".join(line + (end if uniform else own) for line, own in lines)
    path = landed(folder, HEADER.rstrip() + end + body, "chunks.csv")

    assert survey(path, STORES, chunk_bytes=chunk_bytes) == survey(path, STORES)


def test_line_ends_are_the_same_all_through_a_plain_file(folder: Path) -> None:
    assert not survey(landed(folder, HEADER + b"1,A,2\r\n"), STORES, chunk_bytes=1).plain


@given(content=st.lists(st.sampled_from([*b'",\r\n \t', 0xEF, 0xBB, 0xBF, 0xE9, 0x31, 0]), max_size=40).map(bytes))
def test_no_bytes_make_it_fail(folder: Path, *, content: bytes) -> None:
    for header in (b"", HEADER):
        survey(landed(folder, header + content, "any.csv"), STORES)
    survey(landed(folder, gzipped(HEADER)[:10] + content, "any.csv.gz"), STORES)


@pytest.mark.parametrize("row", [b",,\n", b" ,,\t\n"])
def test_a_blank_row_behind_a_byte_order_mark_is_not_taken_for_the_header(folder: Path, row: bytes) -> None:
    found = survey(landed(folder, BOM + row + HEADER + b"1,A,2\n"), STORES)

    assert (found.defect, found.plain, found.columns) == (None, False, ("store", "type", "size"))


def test_a_header_that_swallows_a_record_is_a_defect(folder: Path) -> None:
    found = survey(landed(folder, b'Store,Type,Size,"Note\n1,A,2,x"\n2,B,3,y\n'), STORES)

    assert found.defect is not None
    assert (found.defect.rule, found.defect.header) == ("missing_column", 'Store,Type,Size,"Note')

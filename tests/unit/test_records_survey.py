from __future__ import annotations

import zipfile
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailstream.contracts import STORES, Column, Contract, Type
from retailstream.records import FileDefect, FileNote, records, survey
from retailstream.records.looking import LINE_BYTES
from retailstream.records.surveying import HEADER_BYTES, HEADER_CHARACTERS
from tests.environment import gzipped

if TYPE_CHECKING:
    from pathlib import Path

HEADER = b"Store,Type,Size\n"
BOM = b"\xef\xbb\xbf"
WIDE = Contract("wide", (*STORES.columns, Column("customers", Type.INTEGER, optional=True)), key=("store",))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("landed")


def zipped(name: str) -> bytes:
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(name, "Store,Type,Size")
    return content.getvalue()


def landed(folder: Path, content: bytes, name: str = "stores.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "rule", "value"),
    [
        (b"", "empty_file", "0 bytes"),
        (HEADER + b"1,A,\0\n", "not_text", "a NUL byte at byte 21"),
        (HEADER + b"1,A,\0" + b"1" * 20, "not_text", "a NUL byte at byte 21"),
        (HEADER + b"1,A,2\n" + bytes(LINE_BYTES + 1), "not_text", "a NUL byte at byte 23"),
        (b"\0", "not_text", "nothing but padding (NUL or Ctrl-Z)"),
        (HEADER.decode().encode("utf-16"), "not_text", "UTF-16 text"),
        (HEADER.decode().encode("utf-16-be"), "not_text", "UTF-16 text"),
        (HEADER.decode().encode("utf-32"), "not_text", "UTF-32 text"),
        (zipped("xl/workbook.xml"), "not_text", "an Excel workbook"),
        (zipped("sales.csv"), "not_text", "a zip archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0" + "Workbook".encode("utf-16-le"), "not_text", "an Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0", "not_text", "a document of Microsoft Office"),
        (b"PAR1\x15\x04\x15\x10", "not_text", "Parquet"),
        (gzipped(gzipped(HEADER)), "not_text", "gzip within gzip"),
        (b"Store,Typ\xe9,Size\n", "not_text", r"its header is not UTF-8: 'Store,Typ\\xe9,Size'"),
        (b'Store,"Type,Size\n1,A,2\n', "quotes", "the quotes of its header are out of order: 'Store,\"Type,Size'"),
        (b"\n \t\r\n\r,,,", "missing_column", "store, type, size missing; there is no header"),
        (BOM, "missing_column", "store, type, size missing; there is no header"),
        (b"PAR1,ORC\n", "missing_column", "store, type, size missing; the header is 'PAR1,ORC'"),
        (b"Store,Size\n1,2\n", "missing_column", "type missing; the header is 'Store,Size'"),
        (
            b"Store;Type;Size\n1;A;2\n",
            "missing_column",
            "store, type, size missing; one field a record; ';' stands in every line; the header is 'Store;Type;Size'",
        ),
        (
            b"Store\tType\tSize\r\n\r\n1\tA\t2",
            "missing_column",
            r"store, type, size missing; one field a record; a tab stands in every line; the header is "
            + repr("Store\tType\tSize"),
        ),
        (
            b"Store|Type|Size\n1;A;2\n",
            "missing_column",
            "store, type, size missing; the header is 'Store|Type|Size'",
        ),
        (
            BOM + BOM + HEADER,
            "missing_column",
            r"store missing; two byte-order marks; the header is '\ufeffStore,Type,Size'",
        ),
        (b"1,A,151315\n", "missing_column", "store, type, size missing; the header is '1,A,151315'"),
        (b"Store,Type,Size,STORE\n", "missing_column", "store twice; the header is 'Store,Type,Size,STORE'"),
        (
            b"Store,Size,size,s i_ze\n",
            "missing_column",
            "type missing; size twice; the header is 'Store,Size,size,s i_ze'",
        ),
        (b"Store,\x1b[2J\n", "missing_column", r"type, size missing; the header is 'Store,\x1b[2J'"),
        (b"Store,Ty\xe9pe\n\0\n", "not_text", "a NUL byte at byte 13"),
        (
            b"Store,Type,Size," + b"x" * HEADER_BYTES,
            "missing_column",
            f"store, type, size missing; the header is 'Store,Type,Size,{'x' * (HEADER_CHARACTERS - 16)}'…",
        ),
    ],
)
def test_a_file_that_is_not_readable_is_named(folder: Path, content: bytes, rule: str, value: str) -> None:
    found = survey(landed(folder, content), STORES)

    assert found.defect == FileDefect(rule, value)
    assert not found.plain
    assert found.records is None


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (gzipped(b""), "empty_file"),
        (b"", "empty_file"),
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
        (BOM + HEADER + b"1,,\n", 1),
        (HEADER + b" ,,1\n,A,\n", 2),
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
        HEADER + b"1,A,2\n\n",
        HEADER + b"1,A,2\n \t",
        HEADER + b",,\n",
        HEADER + b"1,A,2\n,,",
        HEADER + b"1,A,2\n, ,\t\n",
        HEADER.replace(b"\n", b"\r\n") + b" ,,\r\n1,A,2\r\n",
        BOM + b",,\n" + HEADER,
        b" ,,\n" + HEADER,
        HEADER + b"1,A,2\n\0",
        HEADER + b"1,A,2\x1a",
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
    found = survey(landed(folder, b' \n"SIZE ","Floor\nspace",_store, Ty pe,,\n'), WIDE)

    assert found.columns == ("size", None, "store", "type", None, None)
    assert found.unknown == ("Floor\nspace", "", "")


@pytest.mark.parametrize(("path", "name"), [("s.csv.gz", None), ("s.CSV.GZ", None), ("d41d8c", "s.csv.Gz")])
def test_a_packed_file_of_that_name_is_nothing_to_note(folder: Path, path: str, name: str | None) -> None:
    found = survey(landed(folder, gzipped(HEADER), path), STORES, name=name)

    assert (found.defect, found.columns, found.gzipped, found.notes) == (None, ("store", "type", "size"), True, ())


@pytest.mark.parametrize(
    ("content", "name", "note"),
    [
        (HEADER + b"1,A,2\n", "a.csv.gz", "its bytes are no gzip, though its name ends with .gz; read as plain text"),
        (
            gzipped(HEADER + b"1,A,2\n"),
            "a.csv",
            "its bytes are gzip, though its name does not end with .gz; read as gzip",
        ),
    ],
)
def test_bytes_count_and_not_the_name(folder: Path, content: bytes, name: str, note: str) -> None:
    path = landed(folder, content, name)
    found = survey(path, STORES)

    assert (found.defect, found.plain, found.notes) == (None, False, (FileNote("misnamed", note),))
    assert [record.fields for record in records(path, found, STORES)] == [("1", "A", "2")]


@pytest.mark.parametrize("padding", [b"\0", bytes(5000), b"\x1a", b"\x1a\0\0"])
@pytest.mark.parametrize("body", [b"1,A,2\n", b"1,A,2", b'"1",A,"2"', b"1,A,2\r\n\r\n"])
def test_padding_at_the_end_is_noted_and_no_record(folder: Path, padding: bytes, body: bytes) -> None:
    path = landed(folder, HEADER + body + padding)
    found = survey(path, STORES, chunk_bytes=7)

    assert [record.fields for record in records(path, found, STORES, chunk_bytes=3)] == [("1", "A", "2")]
    assert found.notes == (
        FileNote("padded", f"padding at its end (NUL or Ctrl-Z, {len(padding):,} bytes) is left out"),
    )


def test_records_that_span_lines_are_noted_in_one_line(folder: Path) -> None:
    one = HEADER + b'1,"A",2\n' + b'2,"' + b"x\r\n" * 800 + b'",3\n'
    several = one + b'"4\n",B,5\n6,"a\rb\nc",6\n'

    assert survey(landed(folder, one), STORES).notes == (FileNote("spans_lines", "record 2 spans 801 lines"),)
    assert survey(landed(folder, several), STORES).notes == (
        FileNote("spans_lines", "record 2 spans 801 lines; 2 more span several"),
    )
    assert survey(landed(folder, b'"Store","Ty\npe",Size\n'), STORES).notes == ()


LINE = st.sampled_from(
    [b"1,A,2", b",,", b"1,,", b"\0", b"\x1a", b"1,A", b"1,A,2,3", b"", b" ", b'"1",A,2', "é,ü,€".encode(), b"\xe9,,"]
)
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

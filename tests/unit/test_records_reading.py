from __future__ import annotations

import csv
import re
from io import BytesIO, StringIO
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from retailstream.contracts import STORES, Column, Contract, Type
from retailstream.records import Record, RecordDefect, raw_records, records, splitting, survey
from retailstream.records.reading import header_of
from retailstream.records.splitting import split
from tests.environment import gzipped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from retailstream.records.splitting import Row

WIDE = Contract("wide", (*STORES.columns, Column("customers", Type.INTEGER, optional=True)), key=("store",))
HEADER = b"Store,Type,Size\n"
ANY_BYTES = st.lists(
    st.sampled_from([b'"', b'"', b'""', b",", b",", b"\n", b"\r\n", b"\r", b" ", b"\t", b"1", b"a", b"\xef\xbb\xbf"])
    | st.sampled_from(
        [b"\xef", b"\xbb\xbf", "é".encode(), "€😀".encode(), b"\xe2", b"\x82\xac", b"\xff", b"\0", b"\x0b\x1c"]
    ),
    max_size=40,
).map(b"".join)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("landed")


def landed(folder: Path, content: bytes, name: str = "stores.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def rows(content: bytes, **options: int) -> list[Row]:
    return list(split(BytesIO(content), **options))


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        (b"", []),
        (b"\xef\xbb\xbf", []),
        (b"a,b\n1,2", [["a", "b"], ["1", "2"]]),
        (b"a\rb\r\nc\n\nd", [["a"], ["b"], ["c"], ["d"]]),
        (b"\n \t\na\n\t", [["a"]]),
        (b"a,b\n,\n , \t\n1,2\n", [["a", "b"], ["1", "2"]]),
        (b'""\n"",""\n', [[""], ["", ""]]),
        (b'"a,b",c\n', [["a,b", "c"]]),
        (b'"a\nb\r\nc\rd",e\n', [["a\nb\r\nc\rd", "e"]]),
        (b'"a ""b"" c"""\n', [['a "b" c"']]),
        (b'a"b,"c"\n', [['a"b', "c"]]),
        (b'"a"b"c",d\ne,f\n', [[], ["e", "f"]]),
        (b' "a",b\n', [[' "a"', "b"]]),
        (b'"a" ,b\n', [["a ", "b"]]),
        (b'"a\nb\n"c"\n', [[], ["b"], ["c"]]),
        (b'x,"a\nb,c\n', [[], ["b", "c"]]),
        (b'"a""b\nc', [[], ["c"]]),
        (b'"', [[]]),
        (b'"""', [[]]),
        (b'x,y\n"a\nb","c"d\ne,f\n', [["x", "y"], [], [], ["e", "f"]]),
        (b'x,y\n"a\nb",c\n', [["x", "y"], ["a\nb", "c"]]),
        (b'x,y\n"a,\nb",c\n', [["x", "y"], [], []]),
        (b'x,y\n1,"a\nb",c\n', [["x", "y"], [], []]),
        (b'x,y\n1,"a\nb"\n', [["x", "y"], ["1", "a\nb"]]),
        (b'x,y\n1,"a\r2,b\r3,c"\n', [["x", "y"], [], [], []]),
        (b'x,y,z\n1,"a,2\n3b",4\n', [["x", "y", "z"], [], []]),
        (b'x,y,z\n1,"a\n3,b",4\n', [["x", "y", "z"], [], []]),
        (b'x,"y\n1,2"\n3,4\n', [[], [], ["3", "4"]]),
        (b'x,y\n"a\nb,c\nd",e\n', [["x", "y"], [], [], []]),
        (b'x,y,z\n"a\nb",c,d\n1,"e\nf\ng",2\n', [["x", "y", "z"], ["a\nb", "c", "d"], ["1", "e\nf\ng", "2"]]),
        (b'""""\n', [['"']]),
        (b"\xef\xbb\xbf\xef\xbb\xbfa", [["\ufeffa"]]),
        ("a\x0bb\x0cc\x1cd\x85e\u2028f\n".encode(), [["a\x0bb\x0cc\x1cd\x85e\u2028f"]]),
    ],
)
def test_a_file_is_split_by_one_grammar(content: bytes, fields: list[list[str]]) -> None:
    assert [found for _, found, _ in rows(content)] == fields


@pytest.mark.parametrize(
    ("content", "raws"),
    [
        (b'a , "b"\r\n"c""d"\re\n', ['a , "b"', '"c""d"', "e"]),
        (b'"a",b\r\n\r\n"c"\r\r\n', ['"a",b', '"c"']),
        (b'"a\r\nb",c\r\n"d"', ['"a\r\nb",c', '"d"']),
        (b'"open\r\n1,2\r\n', ['"open', "1,2"]),
    ],
)
def test_a_record_is_kept_as_it_came(content: bytes, raws: list[str]) -> None:
    assert [raw for raw, _, _ in rows(content)] == raws


def test_a_quote_reaches_only_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splitting, "QUOTED_BYTES", 4)
    monkeypatch.setattr(splitting, "_BLOCK_BYTES", 4)

    assert [fields for _, fields, _ in rows(b'"a\nb",1\n')] == [["a\nb", "1"]]
    assert [fields for _, fields, _ in rows(b'"a\nbc",1\n')] == [[], ['bc"', "1"]]


def test_a_quote_that_is_never_closed_does_not_bring_in_the_whole_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splitting, "QUOTED_BYTES", 100)
    source = BytesIO(b'"a\n' + b"1,2\n" * 1000)

    assert next(split(source, chunk_bytes=10)) == ('"a', [], '"a')
    assert source.tell() < 300


def quoted_span(content: bytes, start: int, reach: int) -> int | None:
    """Where the quoted field that starts there is closed, byte by byte."""
    at = start + 1
    while at < len(content) and at <= start + reach:
        if content[at : at + 1] != b'"':
            at += 1
        elif content[at + 1 : at + 2] == b'"':
            at += 2
        else:
            return at
    return None


def record(content: bytes, at: int, reach: int) -> tuple[list[bytes], int] | int:
    """The fields of the record that starts there and its end, or where a quote opens that makes it malformed."""
    fields: list[bytes] = []
    while True:
        opening, field = at, b""
        if content[at : at + 1] == b'"':
            close = quoted_span(content, at, reach)
            if close is None:
                return opening
            field, at = content[at + 1 : close].replace(b'""', b'"'), close + 1
        rest = at
        while at < len(content) and content[at : at + 1] not in (b",", b"\n", b"\r"):
            at += 1
        if rest > opening and content[rest:at].strip(b" \t"):
            return opening
        fields.append(field + content[rest:at])
        if content[at : at + 1] != b",":
            return fields, at
        at += 1


def inside(text: bytes, reach: int) -> set[int]:
    """Where bytes of a record stand in quoted fields on several lines."""
    places, at = set[int](), 0
    while at < len(text):
        close = quoted_span(text, at, reach) if text[at : at + 1] == b'"' else None
        if close is not None and re.search(rb"[\r\n]", text[at:close]):
            places |= set(range(at, close))
        at = text.find(b",", at if close is None else close) + 1 or len(text)
    return places


def line_widths(line: bytes, reach: int) -> set[int]:
    """How many fields a line has by itself: its quotes read as quotes, and as any other character."""
    alone = record(line.removeprefix(b"\xef\xbb\xbf"), 0, reach)
    return {line.count(b",") + 1} | (set() if isinstance(alone, int) else {len(alone[0])})


def model(content: bytes, reach: int) -> Iterator[tuple[bytes, list[bytes]]]:
    """The grammar again, as plainly as it can be said; no fields, where a record is malformed."""
    at, width = 3 if content.startswith(b"\xef\xbb\xbf") else 0, 0
    while at < len(content):
        start, found = at, record(content, at, reach)
        if isinstance(found, int):
            at = next((place for place in range(found, len(content)) if content[place] in b"\n\r"), len(content))
        else:
            fields, at = found
            text = content[start:at]
            lines = [(line.start(), line[0]) for line in re.finditer(rb"[^\r\n]+", text)]
            taken = inside(text, reach)
            widths = {
                one
                for begin, line in lines
                if any(line[place : place + 1] == b"," and begin + place in taken for place in range(len(line)))
                for one in line_widths(line, reach)
            }
            first, *others = re.split(rb"\r\n|\n|\r", text)
            widths |= {one for line in others[:-1] for one in line_widths(line, reach)}
            if others and first.count(b",") == others[-1].count(b","):
                widths.add(first.count(b",") + 1)
            if not taken or (width or len(fields)) not in widths:
                if content[start:at].strip(b" \t,"):
                    yield content[start:at], fields
                    width = width or len(fields)
                at += 1
                continue
        yield from ((line, []) for line in re.split(rb"\r\n|\n|\r", content[start:at]) if line.strip(b" \t,"))
        at += 1


@given(content=ANY_BYTES, chunk_bytes=st.sampled_from([1, 2, 5, 12, 100]), reach=st.sampled_from([3, 6, 1000]))
@example(content=b'"\xe2"\x82\xac,b', chunk_bytes=1, reach=1000)
def test_any_bytes_are_split_as_the_grammar_says(content: bytes, chunk_bytes: int, reach: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(splitting, "QUOTED_BYTES", reach)
        patch.setattr(splitting, "_BLOCK_BYTES", reach)
        found = rows(content, chunk_bytes=chunk_bytes)

    as_bytes = [
        (raw.encode(errors="surrogateescape"), [field.encode(errors="surrogateescape") for field in fields])
        for raw, fields, _flaw in found
    ]
    assert as_bytes == list(model(content, reach))


TABLE = st.integers(1, 4).flatmap(
    lambda width: st.lists(
        st.lists(st.text(st.sampled_from('ab",\r\n \té😀'), max_size=6), min_size=width, max_size=width), max_size=6
    )
)


@given(
    table=TABLE, quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]), end=st.sampled_from(["\n", "\r\n", "\r"])
)
def test_a_well_formed_file_is_read_as_by_pythons_own_reader(table: list[list[str]], quoting: int, end: str) -> None:
    text = StringIO(newline="")
    csv.writer(text, quoting=quoting, lineterminator=end).writerows(table)  # type: ignore[arg-type]
    text.seek(0)
    content = text.getvalue().encode()

    expected = [row for row in csv.reader(text) if "".join(row).strip(" \t")]
    found = [fields for _raw, fields, _flaw in rows(content) if not fields or "".join(fields).strip(" \t")]

    # A record that has swallowed what looks like one is told line by line.
    if [] not in found:
        assert found == expected


def read(folder: Path, content: bytes, contract: Contract = STORES, name: str = "stores.csv") -> list[Record]:
    path = landed(folder, content, name)
    return list(records(path, survey(path, contract), contract))


def test_records_are_numbered_and_in_the_contracts_order(folder: Path) -> None:
    assert read(folder, b"Size,Note,Store,Type\n10,x,1,A\n\n \t\n20,y,2,\n", WIDE) == [
        Record(1, ("1", "A", "10", None), "10,x,1,A", ignored=",x"),
        Record(2, ("2", "", "20", None), "20,y,2,", ignored=",y"),
    ]


@pytest.mark.parametrize(
    ("line", "defect", "raw"),
    [
        (b"1,A,2,", RecordDefect("columns", "4 fields, 3 expected"), "1,A,2,"),
        (b"1", RecordDefect("columns", "1 field, 3 expected"), "1"),
        (b'""', RecordDefect("columns", "1 field, 3 expected"), '""'),
        (b"1,\xff", RecordDefect("columns", "2 fields, 3 expected"), "1,\\xff"),
        (b"1,A,\xe9 \xff", RecordDefect("encoding", "\\xe9 \\xff", "size"), "1,A,\\xe9 \\xff"),
        (b"\xe2\x82,\xff,2", RecordDefect("encoding", "\\xe2\\x82", "store"), "\\xe2\\x82,\\xff,2"),
        (b'1,"\xe2"\x82\xac,2', RecordDefect("quotes", '"\\xe2"\\x82\\xac,2'), '1,"\\xe2"\\x82\\xac,2'),
        (b'1,"A,2', RecordDefect("quotes", '"A,2'), '1,"A,2'),
    ],
)
def test_a_record_that_has_no_fields_says_why(folder: Path, line: bytes, defect: RecordDefect, raw: str) -> None:
    found = read(folder, HEADER + b"1,A,2\n" + line + b"\n2,B,3\n")

    assert found[1] == Record(2, (), raw, defect)
    assert [record.fields for record in found] == [("1", "A", "2"), (), ("2", "B", "3")]


def test_the_offending_field_may_be_in_no_column_of_ours(folder: Path) -> None:
    (found,) = read(folder, b"Store,Note,Type,Size\n1,\xff,A,2\n")

    assert found.defect == RecordDefect("encoding", "\\xff", None)


def test_a_packed_file_reads_like_the_file_itself(folder: Path) -> None:
    content = HEADER + b'1,A,2\n"2",B,"3"\n'

    assert read(folder, gzipped(content), name="stores.csv.gz") == read(folder, content)


@given(content=ANY_BYTES, chunk_bytes=st.integers(1, 30))
def test_no_bytes_make_a_reader_fail_and_no_chunk_matters(folder: Path, *, content: bytes, chunk_bytes: int) -> None:
    path = landed(folder, b"Size,x,Type,Store\n" + content, "any.csv")
    found = survey(landed(folder, b"Size,x,Type,Store\n", "header.csv"), STORES)

    once = list(records(path, found, STORES))

    assert once == list(records(path, found, STORES, chunk_bytes=chunk_bytes))
    assert [record.number for record in once] == list(range(1, len(once) + 1))


@given(content=ANY_BYTES)
@example(content=b"\n1,A,2\n2,B,3\n")
@example(content=b"\r\n1,A,2\r\n2,B,3")
def test_raw_records_are_those_that_were_read(folder: Path, *, content: bytes) -> None:
    path = landed(folder, HEADER.rstrip() + content.replace(b"\0", b""), "raw.csv")
    found = survey(path, STORES)
    if found.defect:
        return
    raws = {record.number: record.raw for record in records(path, found, STORES)}

    assert raw_records(path, found, range(-1, 50)) == raws
    assert raw_records(path, found, [2]) == {number: raw for number, raw in raws.items() if number == 2}
    assert raw_records(path, found, []) == {}


@pytest.mark.parametrize(
    ("content", "header"),
    [
        (b"A,\xff\xc3\xa9\n1,2\n", "A,\\xff\u00e9"),
        (gzipped("A,B\n1,2\n"), "A,B"),
        (b"a" * 3000 + b"\n1\n", "a" * 2000),
        (b"\tA,B\n", "\tA,B"),
        (b"", None),
    ],
)
def test_a_header_is_shown_as_it_came_of_plain_and_packed_files(
    folder: Path, content: bytes, header: str | None
) -> None:
    assert header_of(landed(folder, content)) == header


def test_letters_beyond_ascii_are_no_defect(folder: Path) -> None:
    path = landed(folder, "Store,Type,Size,Note\n1,A,2,é€\n".encode())
    (record,) = records(path, survey(path, STORES), STORES)
    assert (record.fields, record.defect) == (("1", "A", "2"), None)


def test_a_record_of_several_lines_is_looked_up_whole(folder: Path) -> None:
    path = landed(folder, b'Store,Type,Size,Note\n1,A,2,"x\ny"\n2,B,3,z\n')
    assert not survey(path, STORES).plain
    assert raw_records(path, survey(path, STORES), {1, 2, 9, -1}) == {1: '1,A,2,"x\ny"', 2: "2,B,3,z"}

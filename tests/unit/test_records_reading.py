from __future__ import annotations

import csv
import re
from io import BytesIO, StringIO
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from retailstream.contracts import STORES, Column, Contract, Type
from retailstream.records import Record, RecordDefect, quoting, raw_records, records, splitting, survey
from retailstream.records.splitting import split
from tests.environment import gzipped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WIDE = Contract("wide", (*STORES.columns, Column("customers", Type.INTEGER, optional=True)), key=("store",))
HEADER = b"Store,Type,Size\n"
ANY_BYTES = st.lists(
    st.sampled_from([b'"', b'"', b'""', b",", b",", b"\n", b"\r\n", b"\r", b" ", b"\t", b"1", b"a", b"\xef\xbb\xbf"])
    | st.sampled_from(
        [b"\xef", b"\xbb\xbf", "é".encode(), "€😀".encode(), b"\xe2", b"\x82\xac", b"\xff", b"\0", b"\x1a", b"\x0b\x1c"]
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


MALFORMED: list[str] = []


def rows(content: bytes, **options: int) -> list[tuple[str, list[str]]]:
    return list(split(BytesIO(content), **options))


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        (b"", []),
        (b"\xef\xbb\xbf", []),
        (b"a,b\n1,2", [["a", "b"], ["1", "2"]]),
        (b"a\rb\r\nc\n\nd", [["a"], ["b"], ["c"], ["d"]]),
        (b"\n \t\na\n\t", [["a"]]),
        (b",\n , \na,\n,b", [["a", ""], ["", "b"]]),
        (b"a\n,\x1a\n\x1a\0\0", [["a"], ["", "\x1a"]]),
        (b'""\n"",""\n', [[""], ["", ""]]),
        (b'"a,b",c\n', [["a,b", "c"]]),
        (b'"a\nb\r\nc\rd",e\n', [["a\nb\r\nc\rd", "e"]]),
        (b'"a ""b"" c"""\n', [['a "b" c"']]),
        (b'a"b,"c"\n', [['a"b', "c"]]),
        (b'"a"b"c",d\n', [MALFORMED]),
        (b' "a",b\n', [[' "a"', "b"]]),
        (b'"a" ,b\n', [MALFORMED]),
        (b'"a\nb\n"c"\n', [MALFORMED, ["b"], ["c"]]),
        (b'x,"a\nb,c\n', [MALFORMED, ["b", "c"]]),
        (b'"a""b\nc', [MALFORMED, ["c"]]),
        (b'"', [MALFORMED]),
        (b'"""', [MALFORMED]),
        (b'a,b\n1,"x\\"",2\n3,"y"\n', [["a", "b"], MALFORMED, ["3", "y"]]),
        (b'a,b\n"x\ny\n",2\n', [["a", "b"], ["x\ny\n", "2"]]),
        (b'a,b\n"x\ny",2,3\n', [["a", "b"], MALFORMED, ['y"', "2", "3"]]),
        (b'a,b\n"x\ny"\n', [["a", "b"], MALFORMED, ['y"']]),
        (b'a,b\n1,"x\n2,y\n3,z"\n', [["a", "b"], MALFORMED, ["2", "y"], ["3", 'z"']]),
        (b'a,b\n"x,1\ny",2\n', [["a", "b"], MALFORMED, ['y"', "2"]]),
        (b'a,b\n1,"x\n2,y"\n', [["a", "b"], MALFORMED, ["2", 'y"']]),
        (b'a,b,c\n1,"x\r2,y""\rz",3\n', [["a", "b", "c"], ["1", 'x\r2,y"\rz', "3"]]),
        (b'a,b,c\n1,"x\n2,y","\nz"\n', [["a", "b", "c"], MALFORMED, ["2", 'y"', "\nz"]]),
        (b'a,"b\n1,2"\n', [MALFORMED, ["1", '2"']]),
        (b'a,"b\n1,2,3"\n', [["a", "b\n1,2,3"]]),
        (b'""""\n', [['"']]),
        (b"\xef\xbb\xbf\xef\xbb\xbfa", [["\ufeffa"]]),
        ("a\x0bb\x0cc\x1cd\x85e\u2028f\n".encode(), [["a\x0bb\x0cc\x1cd\x85e\u2028f"]]),
    ],
)
def test_a_file_is_split_by_one_grammar(content: bytes, fields: list[list[str]]) -> None:
    assert [found for _, found in rows(content)] == fields


@pytest.mark.parametrize(
    ("content", "raws"),
    [
        (b'a , "b"\r\n"c""d"\re\n', ['a , "b"', '"c""d"', "e"]),
        (b'"a",b\r\n\r\n"c"\r\r\n', ['"a",b', '"c"']),
        (b'"a\r\nb",c\r\n"d"', ['"a\r\nb",c', '"d"']),
        (b'"open\r\n1,2\r\n', ['"open', "1,2"]),
        (b'a,b\r\n1,"open\r\n2,"x"\r\n', ["a,b", '1,"open', '2,"x"']),
    ],
)
def test_a_record_is_kept_as_it_came(content: bytes, raws: list[str]) -> None:
    assert [raw for raw, _ in rows(content)] == raws


def test_a_quote_reaches_only_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quoting, "QUOTED_BYTES", 4)
    monkeypatch.setattr(splitting, "_BLOCK_BYTES", 4)

    assert [fields for _, fields in rows(b'"a\nb",1\n')] == [["a\nb", "1"]]
    assert [fields for _, fields in rows(b'"a\nbc",1\n')] == [MALFORMED, ['bc"', "1"]]


def test_a_quote_that_is_never_closed_does_not_bring_in_the_whole_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quoting, "QUOTED_BYTES", 100)
    source = BytesIO(b'"a\n' + b"1,2\n" * 1000)

    assert next(split(source, chunk_bytes=10)) == ('"a', MALFORMED)
    assert source.tell() < 300


ENDS = (b"\n"[0], b"\r"[0])


def quoted_span(content: bytes, start: int, reach: int) -> int | None:
    """Where the quoted field that starts there is closed in order, byte by byte."""
    at = start + 1
    while at < len(content) and at <= start + reach:
        if content[at : at + 1] != b'"':
            at += 1
        elif content[at + 1 : at + 2] == b'"':
            at += 2
        else:
            return at if content[at + 1 : at + 2] in (b"", b",", b"\n", b"\r") else None
    return None


def count_alone(line: bytes, reach: int) -> int:
    """The number of fields of a line that nothing stands around."""
    count, at, field_start = 1, 0, 0
    while at < len(line):
        close = quoted_span(line, at, reach) if at == field_start and line[at : at + 1] == b'"' else None
        if close is not None:
            at = close + 1
        elif line[at : at + 1] == b",":
            count, at, field_start = count + 1, at + 1, at + 1
        else:
            at += 1
    return count


def model_record(content: bytes, start: int, width: int | None, reach: int) -> tuple[list[bytes], int]:
    """The record that starts there, as plainly as it can be said, and where it ends."""
    line_end = next((at for at in range(start, len(content)) if content[at] in ENDS), len(content))
    fields, at, inside = list[bytes](), start, set[int]()
    while True:
        if content[at : at + 1] == b'"':
            close = quoted_span(content, at, reach)
            if close is None:
                return [], line_end
            fields.append(content[at + 1 : close].replace(b'""', b'"'))
            if any(byte in ENDS for byte in content[at:close]):
                inside |= set(range(at, close))
            at = close + 1
        else:
            end = next((place for place in range(at, len(content)) if content[place] in b",\r\n"), len(content))
            fields.append(content[at:end])
            at = end
        if content[at : at + 1] != b",":
            break
        at += 1
    if inside and width not in (None, len(fields)):
        return [], line_end
    place = start
    while inside and place < at:
        end = next((other for other in range(place, at) if content[other] in ENDS), at)
        held = any(content[other] == b","[0] and other in inside for other in range(place, end))
        if held and count_alone(content[place:end], reach) == len(fields):
            return [], line_end
        place = end + 1
    return fields, at


def model(content: bytes, reach: int) -> Iterator[tuple[bytes, list[bytes]]]:
    """The grammar again."""
    content = content.rstrip(b"\0\x1a")
    at, width = 3 if content.startswith(b"\xef\xbb\xbf") else 0, None
    while at < len(content):
        fields, end = model_record(content, at, width, reach)
        if content[at:end].strip(b" \t,"):
            yield content[at:end], fields
            width = width or len(fields) or None
        at = end + 1


@given(content=ANY_BYTES, chunk_bytes=st.sampled_from([1, 2, 5, 12, 100]), reach=st.sampled_from([3, 6, 1000]))
@example(content=b'"\xe2"\x82\xac,b', chunk_bytes=1, reach=1000)
@example(content=b'a,b\n"x\r\n,"\n1,2', chunk_bytes=1, reach=1000)
def test_any_bytes_are_split_as_the_grammar_says(content: bytes, chunk_bytes: int, reach: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quoting, "QUOTED_BYTES", reach)
        patch.setattr(splitting, "_BLOCK_BYTES", reach)
        found = rows(content, chunk_bytes=chunk_bytes)

    assert [(as_bytes(raw), list(map(as_bytes, fields))) for raw, fields in found] == list(model(content, reach))


def as_bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


@given(content=ANY_BYTES, chunk_bytes=st.integers(1, 30))
def test_every_line_stands_in_the_raw_text_of_exactly_one_record(content: bytes, chunk_bytes: int) -> None:
    raws = [as_bytes(raw) for raw, _ in rows(content, chunk_bytes=chunk_bytes)]

    text = content.removeprefix(b"\xef\xbb\xbf").rstrip(b"\0\x1a")
    lines = [line for line in re.split(rb"\r\n|\n|\r", text) if line.strip(b" \t,")]
    assert [line for raw in raws for line in re.split(rb"\r\n|\n|\r", raw) if line.strip(b" \t,")] == lines


FIELD = st.sampled_from(["1", "", " ", "12 inch", 'Pans 12"', '"a, b"', '"say ""hi"""', '""', "\u00e9"])
STRAY = st.sampled_from(['"12 inch', '"Pans 12\\""', '"x"y', '"', '"""', '"a" ', '""b', 'c"', 'd""', '"e""'])


@given(
    data=st.data(), width=st.integers(2, 4), end=st.sampled_from(["\n", "\r\n", "\r"]), chunk_bytes=st.integers(1, 60)
)
def test_a_stray_quote_changes_no_other_line(data: st.DataObject, width: int, end: str, chunk_bytes: int) -> None:
    clean = st.lists(FIELD, min_size=width, max_size=width).map(",".join)
    spoilt = st.lists(FIELD | STRAY, min_size=width, max_size=width).map(",".join)
    lines = [line for line in data.draw(st.lists(clean | spoilt, max_size=8)) if line.strip(" \t,")]
    header = ",".join("abcd"[:width])
    content = end.join([header, *lines]).encode()

    alone = [rows(f"{header}\n{line}".encode())[1] for line in lines]
    assert rows(content, chunk_bytes=chunk_bytes)[1:] == alone


@pytest.mark.parametrize("far", [1, 800, 60_000])
def test_two_stray_quotes_cost_two_records_however_far_apart(far: int) -> None:
    lines = ["1,A,2"] * far
    stray = '1,"12 inch pans,2'
    content = "\n".join(["a,b,c", stray, *lines, stray, "1,A,2"]).encode()

    found = rows(content)
    assert [raw for raw, fields in found if not fields] == [stray, stray]
    assert sum(fields == ["1", "A", "2"] for _, fields in found) == far + 1


# Commas and line ends in one field may look like records that were swallowed.
TEXT = st.text(st.sampled_from('ab",; \té😀'), max_size=6) | st.text(st.sampled_from('ab"\r\n \té😀'), max_size=6)
TABLE = st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(TEXT, min_size=width, max_size=width), max_size=6))


@given(
    table=TABLE, style=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]), end=st.sampled_from(["\n", "\r\n", "\r"])
)
def test_a_well_formed_file_is_read_as_by_pythons_own_reader(table: list[list[str]], style: int, end: str) -> None:
    if style == csv.QUOTE_MINIMAL:  # which leaves a lone CR without quotes
        table = [[field.replace("\r", "\n") for field in row] for row in table]
    text = StringIO(newline="")
    csv.writer(text, quoting=style, lineterminator=end).writerows(table)  # type: ignore[arg-type]
    text.seek(0)
    content = text.getvalue().encode()

    expected = [row for row in csv.reader(text) if "".join(row).strip(" \t,")]
    found = [fields for _, fields in rows(content) if "".join(fields).strip(" \t,")]

    assert found == expected


def read(folder: Path, content: bytes, contract: Contract = STORES, name: str = "stores.csv") -> list[Record]:
    path = landed(folder, content, name)
    return list(records(path, survey(path, contract), contract))


def test_records_are_numbered_and_in_the_contracts_order(folder: Path) -> None:
    assert read(folder, b"Size,Note,Store,Type\n10,x,1,A\n\n \t\n20,y,2,\n", WIDE) == [
        Record(1, ("1", "A", "10", None), "10,x,1,A"),
        Record(2, ("2", "", "20", None), "20,y,2,"),
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
        (b'1,"\xe2"\x82\xac,2', RecordDefect("quotes", '"\\xe2"\\x82\\xac', "type"), '1,"\\xe2"\\x82\\xac,2'),
        (b'1,"A\\"",2', RecordDefect("quotes", '"A\\""', "type"), '1,"A\\"",2'),
        (b'1,A,2,"', RecordDefect("quotes", '"'), '1,A,2,"'),
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

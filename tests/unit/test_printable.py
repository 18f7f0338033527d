from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailstream.printable import json_line, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("sales/läden 7.csv", "sales/läden 7.csv"),
        ("a\x1b[2Jb", r"a\x1b[2Jb"),
        ("two\nlines\r\n", r"two\nlines\r\n"),
        ("fdp.\u202excod", r"fdp.\u202excod"),
        ("\udcff.csv", r"\udcff.csv"),
        ("a\u2028b\u200bc\xa0d\x7f\x9b", r"a\u2028b\u200bc\xa0d\x7f\x9b"),
    ],
)
def test_what_does_not_show_itself_is_written_out(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text())
def test_what_is_printed_is_one_line_that_every_terminal_takes(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    shown.encode()
    assert printable(shown) == shown


@given(st.text())
def test_json_is_one_printable_line_of_the_same_text(text: str) -> None:
    line = json_line({"text": text})
    assert line.isprintable()
    assert line.isascii()
    assert json.loads(line) == {"text": text}

"""Every way to spoil a field, and the harmless ways to write one differently, derived from the contracts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from retailstream.contracts import BLANKS, Column, Contract, Type
from retailstream.sample.chances import choose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retailstream.sample.chances import Draw

NULLS = ("", " ", "\t", "NA", "n/a", "NULL", "NaN", " nan ")
MISSHAPEN = {
    Type.INTEGER: ("abc", "1.0", "1e5", "+1", "1 2", "1234567890", "\u0663", "0x1F", "--1"),
    Type.MONEY: ('"1,234.50"', "$5", "abc", "1e5", "12.345", ".5", "7.", "1_000", "(5.00)", "12345678901", "\u0661.5"),
    Type.NUMBER: ('"1,234.50"', "abc", "1e5", "1.12345678901", ".5", "123456789", "inf", "-", "\u221e", "2\u00a0"),
    Type.DATE: (
        "2011/02/05",
        "5/2/2011",
        "05-02-2011",
        "20110205",
        "05/02/11",
        "2011-2-5",
        "Friday",
        "2011-02-05T00:00",
    ),
    Type.BOOLEAN: ("yes", "T", "2", "Falsch", "01", "-1"),
    Type.LETTER: ("AB", "1", "\u00c4"),
}
NO_DAYS = (
    "31/02/2011",
    "2011-02-30",
    "00/01/2011",
    "29/02/2011",
    "31/04/2012",
    "2012-13-01",
    "00/00/0000",
    "2010-00-10",
)
NOT_TEXT = ("\udcff", "caf\udce9", "\udcc3(", "\udcc0\udc80", "\udced\udca0\udc80", "1\udc80")
"""Bytes that are no UTF-8, as Python smuggles them through text; the third to fifth look like it at first."""


class Defect(NamedTuple):
    """A field that breaks a rule: the field's place in a record, its column, and the text to put there."""

    rule: str
    place: int
    column: str
    text: str


def defects(contract: Contract, header: str) -> dict[str, list[list[Defect]]]:
    """Return, by rule, the defects of each column that can break it."""
    found: dict[str, list[list[Defect]]] = {}
    for place, name in enumerate(header.split(",")):
        column = contract.column(contract.match(name) or name)
        for rule, texts in _texts(column).items():
            if texts:
                found.setdefault(rule, []).append([Defect(rule, place, column.name, text) for text in texts])
    return found


def _texts(column: Column) -> dict[str, Sequence[str]]:
    return {
        "not_null": NULLS if column.required else (),
        "form": MISSHAPEN[column.type],
        "calendar": NO_DAYS if column.type is Type.DATE else (),
        "bounds": _out_of_bounds(column),
        "encoding": NOT_TEXT,
    }


def _out_of_bounds(column: Column) -> list[str]:
    texts: list[str] = []
    if column.at_least is not None:
        texts += [str(column.at_least - 1), str(column.at_least - 2)]
    if column.above is not None:
        texts += [str(column.above), f"{column.above - 1}", f" {column.above - 2}"]
    if column.at_most is not None:
        texts += [str(column.at_most + 1), f"{column.at_most}.01"]
    return texts


def rewrite(how: str, fields: list[str], place: int, draw: Draw) -> str:
    """Write a field of a record in a harmless way, and return which way that was: blanks, where it cannot be `how`."""
    text = fields[place]
    match how:
        case "iso_date" if text[2:3] == "/":
            fields[place] = f"{text[6:]}-{text[3:5]}-{text[:2]}"
        case "bit" if text in {"True", "False"}:
            fields[place] = "1" if text == "True" else "0"
        case "case" if text in {"True", "False"}:
            fields[place] = choose(draw, (text.upper(), text.lower()))
        case "null_word" if not text:
            fields[place] = choose(draw, NULLS[1:])
        case "quoted":
            fields[place] = f'"{text}"'
        case _:
            fields[place] = choose(draw, BLANKS) + text + choose(draw, ("", *BLANKS, "  "))
            return "blanks"
    return how

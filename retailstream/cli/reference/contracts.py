"""The page of the tables, read from their contracts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from retailstream.cli.reference.tables import code, table
from retailstream.contracts import CONTRACTS, FORMS, LONG_FORMS, SQL_TYPES, Type

if TYPE_CHECKING:
    from retailstream.contracts import Column, Contract

_INTRODUCTION: Final = """\
# Contracts

What a record of each table must look like. Files are CSV, plain or gzipped (`.csv`, `.csv.gz`), UTF-8, with a header;
columns are found by name, whatever their order, case, blanks and underscores (`Weekly_Sales` = `weekly sales`). A
column that no contract knows is ignored, with a warning. Blanks and tabs around a field do not count. Nothing, `NA`,
`N/A`, `NULL` and `NaN`, in any case, stand for null. Everything else must have a form below: nothing is guessed.

A line ends with LF, CR LF or CR; fields are parted by commas. Where a field starts with a quote, commas and line ends
are text up to the closing one, which a comma or a line end follows, and `""` is a quote. Where quotes are out of that
order, the line is a record by itself, malformed (`quotes`), and the lines after it are read as if it were not there; so
is the line in which a field opens that spans lines and holds one that by itself has the header's number of fields, or
whose record has another number. Other records that span lines are legal; since no contract has a column for such text,
a warning (`spans_lines`) names the longest. Lines of nothing but blanks and commas are no records.

Bytes are read as what they are: what is gzip is unpacked, whatever its name, and a warning (`misnamed`) says where the
name says otherwise. NUL and Ctrl-Z at the end of a file are padding, left out with a warning (`padded`).
"""

_EXAMPLES: Final = {
    Type.INTEGER: "up to 9 digits: `45`, `-3`; zeros after the point: `57.0`",
    Type.MONEY: "up to 10 digits, and up to 2 after the point: `24924.5`, `-12.00`; more zeros: `24924.5000`; `.5`",
    Type.NUMBER: "up to 8 digits, and up to 10 after the point: `211.0963582`, `.5`; the noise of a float: see below",
    Type.DATE: "`05/02/2010` (day first) or `2010-02-05`, and a day of the calendar",
    Type.BOOLEAN: "`TRUE`, `FALSE` in any case, `1`, `0`",
    Type.LETTER: "one letter of A to Z, of either case",
}

_NOISE: Final = """
What a program prints that has read numbers as float64, such as `211.09635820000001` for `211.0963582`, has one meaning:
a number with more than 10 decimals is taken where it is the same float64 as itself rounded to 10. Where digits would be
lost, as of `1.12345678901`, or of `24924.505` as money, the field is rejected. Rejected, too, are forms that have
another meaning elsewhere, or none: `1,234.50`, `(12.00)`, `+5`, `1e3`, and `7.`, which may be a number cut off.
"""

_RULES: Final = (
    ("not_null", "record", "a required column is null"),
    ("form", "record", "a field has no accepted form"),
    ("calendar", "record", "a date has the form of one, but the calendar has no such day"),
    ("bounds", "record", "a value lies outside its bounds"),
    (
        "quotes",
        "record",
        "a quote is not closed, or something follows a closing one, or the field would swallow what could be a record",
    ),
    ("columns", "record", "the record has more or fewer fields than the header"),
    ("encoding", "record", "a field is not UTF-8"),
    ("superseded", "record", "a later record of the same key took its place: on record, yet no defect"),
    ("empty_file", "file", "the file has no bytes"),
    (
        "not_text",
        "file",
        "something else than text (it says what), a NUL byte, a damaged gzip, or a header that is not UTF-8",
    ),
    ("quotes", "file", "the quotes of the header are out of order"),
    (
        "missing_column",
        "file",
        "a column that is not optional is missing from the header, or one is there twice; it has the header",
    ),
)

_AFTER: Final = """\
Of the rules that a record breaks, the first is told: `quotes`, `columns` and `encoding` before all others, then column
by column in the order of the contract.

## Keys

Rows of one key are ordered by landing, then by file name (its bytes), then by record; the last wins, since what comes
later is a correction. A loser that equals the winner in all columns is a *duplicate*; one that differs is *superseded*
and stays on record in the quarantine. Where the loser is clean from an earlier run, it counts as *replaced*.
"""


def contracts_page() -> str:
    """Return the page: accepted forms, every table with its columns, and the rules of the quarantine."""
    forms = [(kind.value, code(SQL_TYPES[kind]), _EXAMPLES[kind], _forms(kind)) for kind in FORMS]
    return "\n".join(
        [
            _INTRODUCTION,
            "## Accepted forms\n",
            table(("type", "clean as", "accepted", "as a regular expression"), forms),
            _NOISE,
            *(_table(contract) for contract in CONTRACTS.values()),
            "## Rules of the quarantine\n",
            table(("rule", "rejects a", "because"), ((code(rule), what, why) for rule, what, why in _RULES)),
            _AFTER,
        ]
    )


def _forms(kind: Type) -> str:
    return " or ".join(code(forms[kind]) for forms in (FORMS, LONG_FORMS) if kind in forms)


def _table(contract: Contract) -> str:
    rows = [(code(column.name), column.type.value, _null(column), _bounds(column)) for column in contract.columns]
    key = ", ".join(code(name) for name in contract.key)
    kept = "One file a month." if contract.by_month else "One file."
    heading = f"## {contract.name}\n\nKey: {key}. {kept}\n"
    return f"{heading}\n{table(('column', 'type', 'null', 'bounds'), rows)}"


def _null(column: Column) -> str:
    if column.optional:
        return "yes; the column may be missing"
    return "no" if column.required else "yes"


def _bounds(column: Column) -> str:
    limits = (("≥", column.at_least), (">", column.above), ("≤", column.at_most))
    return ", ".join(f"{sign} {limit}" for sign, limit in limits if limit is not None)

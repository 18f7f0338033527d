"""The page of the tables, read from their contracts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from retailstream.cli.reference.tables import code, table
from retailstream.contracts import COMMON_FORMS, CONTRACTS, FIRST_YEAR, LAST_YEAR, SQL_TYPES, Type

if TYPE_CHECKING:
    from retailstream.contracts import Column, Contract

_INTRODUCTION: Final = """\
# Contracts

What a record of each table must look like. Files are CSV, plain or gzipped (`.csv`, `.csv.gz`), UTF-8, with a header;
columns are found by name, whatever their order, case, blanks and underscores (`Weekly_Sales` = `weekly sales`). A
column that no contract knows is ignored, with a warning. Blanks and tabs around a field do not count. Nothing, `NA`,
`N/A`, `NULL` and `NaN`, in any case, stand for null. Everything else must have a form below, which has one meaning that
its type holds exactly: nothing is guessed, and `1,234.50` or `(12.00)` are refused.

A quoted field ends where a comma or the line ends: `"12 "" pans"`. A quote that does not, as in `"Pans 12\\""`, is
malformed and costs its own line alone. Text of several lines in quotes is legal, and warned of; where it takes in a
line that by itself has as many fields as the header, or joins two such lines, each of its lines is quarantined. A row
of nothing but commas and blanks is a blank line, which is no record.
"""

_EXAMPLES: Final = {
    Type.INTEGER: "up to 9 digits: `45`, `-3`; with zeros behind the point: `57.0`",
    Type.MONEY: (
        "up to 10 digits, and up to 2 after the point: `24924.5`, `-12.00`; also `.5`, and zeros behind: `24924.5000`"
    ),
    Type.NUMBER: (
        "up to 8 digits, and up to 10 after the point: `211.0963582`; also `.5`, zeros behind, and the 16 or 17 digits"
        " of the binary fraction next to such a number, as programs print it: `211.09635820000001`"
    ),
    Type.DATE: f"`05/02/2010` (day first) or `2010-02-05`, a day of the years {FIRST_YEAR} to {LAST_YEAR}",
    Type.BOOLEAN: "`TRUE`, `FALSE` in any case, `1`, `0`",
    Type.LETTER: "one letter of A to Z, of either case",
}

_RULES: Final = (
    ("not_null", "record", "a required column is null"),
    ("form", "record", "a field has no accepted form"),
    ("calendar", "record", "a date has the form of one, but the calendar has no such day"),
    ("years", "record", f"the year of a date is before {FIRST_YEAR} or after {LAST_YEAR}"),
    ("bounds", "record", "a value lies outside its bounds"),
    ("columns", "record", "the record has more or fewer fields than the header"),
    ("encoding", "record", "a field is not UTF-8"),
    ("quotes", "record", "a quoted field does not end where a field ends, or its quotes swallow lines like records"),
    ("superseded", "record", "a later record of the same key took its place: on record, yet no defect"),
    ("withdrawn", "record or file", "somebody took it back with `quarantine withdraw`: on record, yet no defect"),
    ("empty_file", "file", "the file has no bytes"),
    (
        "not_text",
        "file",
        "no CSV but what the entry names, such as a workbook or UTF-16; a NUL byte, or a header that is not UTF-8",
    ),
    ("missing_column", "file", "a column that is not optional is missing from the header, or one is there twice"),
    ("expansion", "file", "it is packed, and expands further than `limits.expansion` or `limits.expanded_size` allow"),
    ("record_size", "file", "a record, or a line, is longer than `limits.record_size` allows"),
    ("date_order", "file", "read day first not all of its dates are week ends, read month first all of them are"),
    ("shared_keys", "file", "too many of its records share a key with another of them, as single sales or days do"),
)

_AFTER: Final = """\
Of the rules that a record breaks, the first is told: `columns`, `encoding` and `quotes` before all others, then column
by column in the order of the contract.

## Keys

Rows of one key are ordered by landing, then by file, then by record; the last wins, since what comes later is a
correction. Files of one landing are ordered by name without its ending, digits as numbers: `week-9.csv`, `week-10.csv`,
`week-10 (1).csv`, `week-10_v2.csv`; a warning names those that disagree about a row. A loser that equals the winner
in all columns, also in those that no contract knows where both landed together, is a *duplicate*; one that differs is
*superseded* and stays on record in the quarantine. Where the loser is clean from an earlier run, it counts as
*replaced*.

A file without an optional column leaves alone what was there: its rows take over the value of the row before them. An
empty field of a column that is there means null.

Where more records of one file share a key than `quality.max_superseded_in_file` allows, the file is finer than its
table, and nothing is published before it is corrected, discarded, or let in by a higher limit.

## Customers

`customers` of a row of sales are the visits of that department in that week, as its receipts count them. A receipt with
goods of three departments is in three rows, so the sum over a store's departments counts it three times: it is no
number of people, and compares stores only where their baskets are alike. `customers` of a row of features are the
visits of the whole store in that week, a receipt once: bring these where tills can count them.
"""


def contracts_page() -> str:
    """Return the page: accepted forms, every table with its columns, and the rules of the quarantine."""
    forms = [(kind.value, code(SQL_TYPES[kind]), _EXAMPLES[kind], code(form)) for kind, form in COMMON_FORMS.items()]
    return "\n".join(
        [
            _INTRODUCTION,
            "## Accepted forms\n",
            table(("type", "clean as", "accepted", "most of them, as a regular expression"), forms),
            *(_table(contract) for contract in CONTRACTS.values()),
            "## Rules of the quarantine\n",
            table(("rule", "rejects a", "because"), ((code(rule), what, why) for rule, what, why in _RULES)),
            _AFTER,
        ]
    )


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

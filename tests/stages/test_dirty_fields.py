"""Each literal that a column takes, with its value, and each that it rejects, with the rule: one row of a table each.

All rows of the tables go through one run per layout, since DuckDB reads the plain one itself and we read the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from retailstream.contracts import CONTRACTS
from tests.environment import FEATURES, SALES, STORES, Environment, Row, Summary, csv, gzipped, new_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NULLS: tuple[str, ...] = (
    "",
    " ",
    "\t",
    "NA",
    "na",
    "Na",
    "nA",
    "N/A",
    "n/a",
    "N/a",
    "n/A",
    "NULL",
    "null",
    "Null",
    "nULL",
    "NaN",
    "nan",
)
NULLS += ("NAN", "naN", " NA ", "\tNULL\t", " n/a")
NO_NULLS = ("none", "-", "N / A", "N\\A", "nul", "NAN0", "NA.", "\u00a0", "\u2013", "\\N", "#N/A")

STORE_5 = ("5", "005", "000000005", " 5", "5 ", "\t5 ", " \t 5\t ")
NO_INTEGERS: tuple[str, ...] = (
    "+5",
    "5.1",
    "5.01",
    ".0",
    "5.",
    "1e3",
    "5 5",
    "--5",
    "0x5",
    "5_0",
    "1234567890",
    "-1234567890",
    "five",
    "x5",
    "\u00a05",
)
NO_INTEGERS += ("\uff15", "\u0665", "5\x0b", "\x0c5", "Infinity", "TRUE", "5\u2028", "\ufeff5", "\u20095")

MONEY = {"0": "0", "-0": "0", "-0.00": "0", "7": "7", "7.1": "7.1", "7.10": "7.1", "007.05": "7.05", " -7.05 ": "-7.05"}
MONEY |= {edge: edge for edge in ("9999999999.99", "-9999999999.99", "9999999999", "0.01", "-0.01", "0000000000.01")}
MONEY |= {".5": "0.5", "-.05": "-0.05", " .50 ": "0.5", "24924.5000": "24924.5", "7.100": "7.1", ".1000000000": "0.1"}
NO_MONEY: tuple[str, ...] = (
    "7.",
    ".",
    "7.123",
    "7.101",
    "7.1000000000000",
    "1,234.50",
    "24924.500000000004",
    "10000000000",
    "-10000000000.00",
    "1e2",
    "$7",
    "7,5",
    "7 .5",
    "+7",
    "1.2.3",
    "-",
    "-.",
)
NO_MONEY += ("- 7", "\u22127", "inf", "-inf", "7%", "(7)", "1'000", "0x1p3")

NUMBERS = {"0": "0", "-3.5": "-3.5", "12345678": "12345678", "00000000.5": "0.5", "1.1234567890": "1.123456789"}
NUMBERS |= {edge: edge for edge in ("99999999.9999999999", "-99999999.9999999999", "0.0000000001")}
NUMBERS |= {"0.00000000000": "0", ".5": "0.5", "-.5": "-0.5", "1.12345678900": "1.123456789"}
NUMBERS |= {"211.09635820000001": "211.0963582", "211.09635819999999": "211.0963582", "-8.106000000000001": "-8.106"}
NUMBERS |= {"0.30000000000000004": "0.3", "99.99999999999999": "100", " 3.5720000000000001 ": "3.572"}
NO_NUMBERS: tuple[str, ...] = (
    "123456789",
    "1.12345678901",
    "100000000.0",
    ".",
    "5.",
    "1e-3",
    "+1",
    "1,5",
    "0.00000000001",
)
NO_NUMBERS += ("1.0000000000001", "211.09635820001", "211.096358200000010", "12345678.12345678901")

DATES = {"05/02/2010": date(2010, 2, 5), "2010-02-05": date(2010, 2, 5), " 2010-02-05\t": date(2010, 2, 5)}
DATES |= {"29/02/2012": date(2012, 2, 29), "2000-02-29": date(2000, 2, 29), "2010-02-06": date(2010, 2, 6)}
DATES |= {"1900-01-01": date(1900, 1, 1), "31/12/2199": date(2199, 12, 31), "1999-12-31": date(1999, 12, 31)}
NO_YEARS: tuple[str, ...] = (
    "0001-01-01",
    "31/12/9999",
    "31/12/0999",
    "1582-10-10",
    "31/12/1899",
    " 2200-01-01",
    "01/01/1012",
)
NO_CALENDAR: tuple[str, ...] = (
    "30/02/2010",
    "2010-02-30",
    "29/02/2011",
    "2100-02-29",
    "1900-02-29",
    "31/04/2010",
    "2010-04-31",
)
NO_CALENDAR += ("00/01/2010", "01/00/2010", "02/13/2010", "2010-13-01", "2010-00-10", "2010-01-00", "32/01/2010")
NO_CALENDAR += ("0000-01-07", "07/01/0000", "99/99/9999", " 0000-02-29 ")
NO_DATES: tuple[str, ...] = (
    "5/2/2010",
    "2010-2-5",
    "2010/02/05",
    "05-02-2010",
    "05.02.2010",
    "20100205",
    "05/02/10",
    "10-02-05",
)
NO_DATES += ("2010-02-05T00:00:00", "2010-02-05 00:00", "Feb 5 2010", "-2010-02-05", "12010-02-05", "05/02-2010")
NO_DATES += ("\u0660\u0665/\u0660\u0662/\u0662\u0660\u0661\u0660", "2010 - 02 - 05", "today", "infinity", "epoch")

BOOLEANS = dict.fromkeys(("TRUE", "true", "True", "tRuE", "1", " 1 ", "\tTRUE"), True)
BOOLEANS |= dict.fromkeys(("FALSE", "false", "False", "fALSE", "0", " false "), False)
NO_BOOLEANS = (
    "yes",
    "no",
    "T",
    "F",
    "t",
    "f",
    "y",
    "on",
    "01",
    "00",
    "-0",
    "1.0",
    "2",
    "TRUE.",
    "fal\u017fe",
    "TRU\u0435",
)


@dataclass(frozen=True)
class Case:
    """A field's text, and either its value or the rule that it breaks."""

    dataset: str
    column: str
    text: str
    value: object = None
    rule: str = ""

    def __str__(self) -> str:
        return f"{self.column}={self.text!a}"


def accepted(dataset: str, column: str, values: Mapping[str, object]) -> list[Case]:
    return [Case(dataset, column, text, value) for text, value in values.items()]


def rejected(dataset: str, rule: str, column: str, texts: tuple[str, ...]) -> list[Case]:
    return [Case(dataset, column, text, rule=rule) for text in texts]


def decimals(texts: dict[str, str]) -> dict[str, object]:
    return {text: Decimal(value) for text, value in texts.items()}


REQUIRED: dict[str, tuple[str, ...]] = {
    "sales": ("store", "dept", "date", "weekly_sales", "is_holiday"),
    "stores": ("store", "type", "size"),
}
REQUIRED["features"] = ("store", "date", "is_holiday")
NULLABLE: dict[str, tuple[str, ...]] = {
    "sales": ("customers",),
    "features": ("temperature", "fuel_price", "cpi", "unemployment", "customers"),
}
NULLABLE["features"] += tuple(f"markdown{number}" for number in range(1, 6))
VISITED = ("sales", "features")
POSITIVE = ("0", "-0", "0.0", "-0.0000000001", "-1")

CASES = [
    *(case for d, columns in REQUIRED.items() for c in columns for case in rejected(d, "not_null", c, NULLS)),
    *(case for d, columns in REQUIRED.items() for c in columns for case in rejected(d, "form", c, NO_NULLS)),
    *(case for d, columns in NULLABLE.items() for c in columns for case in accepted(d, c, dict.fromkeys(NULLS))),
    *(case for d, columns in NULLABLE.items() for c in columns for case in rejected(d, "form", c, NO_NULLS)),
    *(case for d in REQUIRED for case in rejected(d, "form", "store", NO_INTEGERS)),
    *(case for d in REQUIRED for case in rejected(d, "bounds", "store", ("0", "-0", "-1", "-999999999"))),
    *accepted(
        "sales", "store", dict.fromkeys(STORE_5, 5) | {"1": 1, "999999999": 999_999_999, "57.0": 57, " 57.00 ": 57}
    ),
    *accepted("sales", "dept", dict.fromkeys(STORE_5, 5) | {"1": 1, "999999999": 999_999_999}),
    *rejected("sales", "form", "dept", NO_INTEGERS),
    *rejected("sales", "bounds", "dept", ("0", "-1")),
    *accepted("sales", "date", DATES),
    *rejected("sales", "calendar", "date", NO_CALENDAR),
    *rejected("sales", "years", "date", NO_YEARS),
    *rejected("sales", "form", "date", NO_DATES),
    *accepted("features", "date", {text: day for text, day in DATES.items() if text != " 2010-02-05\t"}),
    *rejected("features", "calendar", "date", NO_CALENDAR),
    *rejected("features", "years", "date", NO_YEARS),
    *rejected("features", "form", "date", NO_DATES),
    *accepted("sales", "weekly_sales", decimals(MONEY)),
    *rejected("sales", "form", "weekly_sales", NO_MONEY),
    *accepted("features", "markdown1", decimals(MONEY)),
    *accepted("features", "markdown5", decimals(MONEY)),
    *rejected("features", "form", "markdown3", NO_MONEY),
    *accepted("sales", "is_holiday", BOOLEANS),
    *rejected("sales", "form", "is_holiday", NO_BOOLEANS),
    *accepted("features", "is_holiday", BOOLEANS),
    *rejected("features", "form", "is_holiday", NO_BOOLEANS),
    *(
        case
        for d in VISITED
        for case in accepted(d, "customers", {"0": 0, "-0": 0, " 12 ": 12, "999999999": 999_999_999})
    ),
    *(case for d in VISITED for case in rejected(d, "form", "customers", NO_INTEGERS)),
    *(case for d in VISITED for case in rejected(d, "bounds", "customers", ("-1", "-999999999"))),
    *accepted("features", "temperature", decimals(NUMBERS)),
    *rejected("features", "form", "temperature", NO_NUMBERS),
    *accepted("features", "fuel_price", decimals({"0.0000000001": "0.0000000001", "3.5": "3.5"})),
    *rejected("features", "bounds", "fuel_price", POSITIVE),
    *accepted("features", "cpi", decimals({"0.0000000001": "0.0000000001", "211.0963582": "211.0963582"})),
    *rejected("features", "bounds", "cpi", POSITIVE),
    *accepted("features", "unemployment", decimals({edge: edge for edge in ("0", "100", "100.0000000000", "8.106")})),
    *rejected("features", "bounds", "unemployment", ("-0.0000000001", "100.0000000001", "101")),
    *accepted("stores", "type", {"A": "A", "z": "z", " B ": "B", "\tC": "C"}),
    *rejected("stores", "form", "type", ("AB", "1", "\u00c9", "\u0410", "\uff21", "?", "A.", "A B")),
    *accepted("stores", "size", {"1": 1, "151315": 151_315, "999999999": 999_999_999}),
    *rejected("stores", "form", "size", NO_INTEGERS),
    *rejected("stores", "bounds", "size", ("0", "-1")),
]

HEADERS = {"sales": f"{SALES},Customers", "features": f"{FEATURES},Customers", "stores": STORES}


def record(case: Case, place: int) -> list[str]:
    """Return a record that is valid but for the case's column, and has a key of its own."""
    number = str(1000 + place)
    day = (date(1950, 1, 6) + timedelta(days=7 * place)).isoformat()
    valid = {
        "sales": {"store": number, "dept": number, "date": "05/02/2010", "weekly_sales": "1", "is_holiday": "0"},
        "features": {"store": number, "date": day, "is_holiday": "0"},
        "stores": {"store": number, "type": "A", "size": "1"},
    }[case.dataset]
    names = [CONTRACTS[case.dataset].match(header) for header in HEADERS[case.dataset].split(",")]
    return [(valid | {case.column: case.text}).get(str(name), "") for name in names]


def as_plain(header: str, records: list[list[str]]) -> bytes:
    return csv(header, *(",".join(field.replace(",", ";") for field in fields) for fields in records)).encode()


def as_quoted(header: str, records: list[list[str]]) -> bytes:
    return csv(header, *(",".join(f'"{field}"' for field in fields) for fields in records)).encode()


def as_packed(header: str, records: list[list[str]]) -> bytes:
    return gzipped(as_quoted(header, records).replace(b"\n", b"\r\n"))


LAYOUTS: dict[str, Callable[[str, list[list[str]]], bytes]] = {
    "plain.csv": as_plain,
    "quoted.csv": as_quoted,
    "packed.csv.gz": as_packed,
}


@dataclass(frozen=True)
class Answers:
    """What became of each case: the clean row, or the entry in the quarantine, by dataset and record."""

    rows: dict[tuple[str, int], Row]
    entries: dict[tuple[str, int], Summary]


@pytest.fixture(scope="module", params=LAYOUTS)
def answers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Answers:
    env: Environment = new_environment(tmp_path_factory.mktemp("fields"))
    for dataset, header in HEADERS.items():
        mine = [case for case in CASES if case.dataset == dataset]
        records = [record(case, place) for place, case in enumerate(mine)]
        env.write({f"{dataset}/{request.param}": LAYOUTS[request.param](header, records)})
    env.run("--max-rejects", "100%")
    return Answers(
        {(dataset, int(str(row[-1]))): row for dataset in HEADERS for row in env.clean(dataset)},
        {(entry["dataset"], entry["record"]): entry for entry in env.quarantine()},
    )


def test_every_field_is_taken_at_its_value_or_rejected_by_its_rule(answers: Answers) -> None:
    wrong = []
    for dataset in HEADERS:
        for number, case in enumerate((case for case in CASES if case.dataset == dataset), start=1):
            found = _found(answers, case, number)
            expected = (case.rule, case.column) if case.rule else (case.value,)
            if found != expected:
                wrong.append(f"{case}: {found} instead of {expected}")
    assert wrong == []
    assert len(answers.rows) + len(answers.entries) == len(CASES)


def _found(answers: Answers, case: Case, number: int) -> tuple[object, ...]:
    if entry := answers.entries.get((case.dataset, number)):
        assert entry["value"] in (case.text or None, case.text.replace(",", ";")), entry
        return entry["rule"], entry["column"]
    row = answers.rows[case.dataset, number]
    return (row[CONTRACTS[case.dataset].names.index(case.column)],)


def test_the_table_has_every_rule_of_a_field_and_every_column() -> None:
    assert {case.rule for case in CASES} == {"", "not_null", "form", "calendar", "years", "bounds"}
    assert {(case.dataset, case.column) for case in CASES} == {
        (contract.name, column) for contract in CONTRACTS.values() for column in contract.names
    } | {("stores", "store")}

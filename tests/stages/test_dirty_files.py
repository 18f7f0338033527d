"""Whole records and whole files that are odd: which are read all the same, and which go to the quarantine, and how."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from retailstream import raw_texts
from tests.environment import FEATURES, SALES, STORES, Environment, Summary, csv, gzipped, law_holds, new_environment

if TYPE_CHECKING:
    from pathlib import Path

BOM = b"\xef\xbb\xbf"
FEATURE = "1,05/02/2010,42.31,2.572,NA,NA,NA,NA,NA,211.0963582,8.106,FALSE"


def sales(store: int, *, header: str = SALES, end: str = "\n", last: bool = True) -> bytes:
    """Return a file with two weeks of one store."""
    lines = (header, f"{store},1,05/02/2010,10.50,FALSE", f"{store},1,12/02/2010,-3,TRUE")
    return (end.join(lines) + end * last).encode()


READ_ALIKE = {
    "plain": sales(1),
    "no end of the last line": sales(2, last=False),
    "a BOM": BOM + sales(3),
    "CRLF": sales(4, end="\r\n"),
    "CRLF without the last": sales(5, end="\r\n", last=False),
    "lone CR": sales(6, end="\r"),
    "blank lines": sales(7, end="\n\n \n\t\n"),
    "blank CRLF lines": b"\r\n" + sales(8, end="\r\n\r\n"),
    "blank lines first": b"\n \n" + sales(9),
    "a BOM and CRLF": BOM + sales(10, end="\r\n"),
    "case": sales(11, header="STORE,dept,DaTe,weekly_SALES,ISHOLIDAY"),
    "spaces and underscores": sales(12, header=" store , Dept_,_date_,WeeklySales, Is Holiday "),
    "quoted header": sales(13, header='"Store","Dept","Date","Weekly Sales","Is_Holiday"'),
    "order": csv("IsHoliday,Weekly_Sales,Date,Dept,Store", "0,10.50,05/02/2010,1,14", "1,-3,12/02/2010,1,14").encode(),
    "another order": csv(
        "Date,Store,Is Holiday,Dept,Weekly Sales", "2010-02-05,15,0,1,10.50", "2010-02-12,15,1,1,-3"
    ).encode(),
    "an unknown column": csv(
        "Store,Manager,Dept,Date,Weekly_Sales,IsHoliday",
        '16,"Ann, Bea",1,05/02/2010,10.50,FALSE',
        '16,"C ""the"" D\nE",1,12/02/2010,-3,TRUE',
    ).encode(),
    "an unknown column, plain": csv(
        "Store,Dept,Date,Manager,Weekly_Sales,IsHoliday", "17,1,05/02/2010,Ann,10.5,0", "17,1,12/02/2010,,-3,1"
    ).encode(),
    "quotes": csv(SALES, '"18","1","05/02/2010","10.50","FALSE"', '18,1,12/02/2010,"-3","TRUE"').encode(),
    "gzip": gzipped(sales(19)),
    "gzip with CRLF and BOM": gzipped(BOM + sales(20, end="\r\n")),
    "gzip in two parts": gzipped(csv(SALES, "21,1,05/02/2010,10.50,FALSE")) + gzipped("21,1,12/02/2010,-3,TRUE\n"),
    "a column without a name": csv(f"{SALES},", "22,1,05/02/2010,10.50,FALSE,", "22,1,12/02/2010,-3,TRUE,").encode(),
}
"""Files that all say the same of another store, in the order of their numbers."""


@pytest.fixture(scope="module")
def alike(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    env = new_environment(tmp_path_factory.mktemp("alike"))
    for place, (name, content) in enumerate(READ_ALIKE.items(), start=1):
        env.write({f"sales/{place:02d} {name}.csv{'.gz' * name.startswith('gzip')}": content})
    env.run(code=0)
    return env


@pytest.mark.parametrize("name", READ_ALIKE)
def test_a_file_is_read_whatever_its_layout(alike: Environment, name: str) -> None:
    store = list(READ_ALIKE).index(name) + 1

    rows = [row[1:6] + row[-1:] for row in alike.clean("sales") if row[0] == store]

    assert rows == [
        (1, date(2010, 2, 5), Decimal("10.50"), False, None, 1),
        (1, date(2010, 2, 12), Decimal(-3), True, None, 2),
    ]


def test_odd_layouts_leave_nothing_in_the_quarantine(alike: Environment) -> None:
    assert alike.quarantine() == []


def test_unknown_columns_are_named_in_a_warning(env: Environment) -> None:
    odd = READ_ALIKE["an unknown column"]
    env.write({"sales/a.csv": odd, "sales/b.csv": odd.replace(b"16", b"17"), "stores/s.csv": csv("Store,Type,Size,X")})

    outcome = env.command("run", "--source", str(env.source))

    assert outcome.exit_code == 0
    assert "WARNING: glue-merge: sales: column 'Manager' of 2 files is unknown and ignored" in outcome.stderr
    assert "WARNING: glue-merge: stores: column 'X' of 1 file is unknown and ignored" in outcome.stderr


@pytest.mark.slow
def test_many_unknown_columns_are_one_warning_and_kept_on_record(env: Environment) -> None:
    names = [f"extra{number}" for number in range(500)]
    env.write({"sales/a.csv": csv(f"{SALES},{','.join(names)}", "1,1,05/02/2010,1,0" + ",x" * 500)})

    outcome = env.command("run", "--source", str(env.source), "--json")

    warnings = [warning for warning in outcome.document["warnings"] if warning["code"] == "unknown_columns"]
    (warning,) = warnings
    assert warning["dataset"] == "sales"
    assert warning["text"].startswith("sales: columns 'extra0' of 1 file, 'extra1' of 1 file")
    assert warning["text"].endswith("and 495 more are unknown and ignored")
    (merge,) = [stage for stage in outcome.document["stages"] if stage["stage"] == "glue-merge"]
    assert merge["warnings"] == warnings
    shown = env.command("runs", "show", outcome.document["run_id"]).stdout
    assert shown.count("warning: sales: columns 'extra0'") == 1
    env.command("run", "--source", str(env.source))  # a noop, which tells nothing anew
    looked = env.command("monitor", "--json")
    (check,) = [check for check in looked.document["checks"] if check["name"] == "warnings"]
    assert check["state"] == "warn"
    assert "and 495 more are unknown and ignored" in check["value"]


def test_customers_may_be_there_or_not(env: Environment) -> None:
    env.write(
        {
            "sales/a.csv": csv(f"{SALES},Customers", "1,1,05/02/2010,1,0,12", "1,2,05/02/2010,1,0,NA"),
            "sales/b.csv": csv(f"Customers,{SALES}", "7,2,1,05/02/2010,1,0"),
            "sales/c.csv": csv(SALES, "3,1,05/02/2010,1,0"),
        }
    )
    env.run()

    assert [row[5] for row in env.clean("sales")] == [12, None, 7, None]
    assert env.database("select customers from sales order by store, dept") == [(12,), (None,), (7,), (None,)]


@dataclass(frozen=True)
class Odd:
    """A record that breaks its contract as a whole or in several ways, and its entry."""

    line: bytes
    rule: str
    column: str | None
    value: str | None
    raw: str | None = None

    @property
    def text(self) -> str:
        return self.raw if self.raw is not None else self.line.decode()


ODD_RECORDS = [
    Odd(b"1,1,05/02/2010,10.50", "columns", None, "4 fields, 5 expected"),
    Odd(b"1,1,05/02/2010,10.50,FALSE,", "columns", None, "6 fields, 5 expected"),
    Odd(b"1", "columns", None, "1 field, 5 expected"),
    Odd(b",,05/02/2010,,", "not_null", "store", None),
    Odd(b'""', "columns", None, "1 field, 5 expected"),
    Odd(b"1,1,05/02/2010,1,234.50,FALSE", "columns", None, "6 fields, 5 expected"),
    Odd(b'1,1,05/02/2010,"1,234.50",FALSE', "form", "weekly_sales", "1,234.50"),
    Odd(b'1,1,"05/02/\n2010",1,FALSE', "form", "date", "05/02/\n2010"),
    Odd(b'1,1,05/02/2010,"1""0",FALSE', "form", "weekly_sales", '1"0'),
    Odd(b"1,1,05/02/2010,1\xff0,FALSE", "encoding", "weekly_sales", "1\\xff0", "1,1,05/02/2010,1\\xff0,FALSE"),
    Odd(b"\xe9,\xe9,05/02/2010,1,FALSE", "encoding", "store", "\\xe9", "\\xe9,\\xe9,05/02/2010,1,FALSE"),
    Odd(b"1,1\xc3,05/02/2010,1", "columns", None, "4 fields, 5 expected", "1,1\\xc3,05/02/2010,1"),
    Odd(b"x,1,05/02/2010,1\xc3,0", "encoding", "weekly_sales", "1\\xc3", "x,1,05/02/2010,1\\xc3,0"),
    Odd("1,1,05/02/2010,1€,0".encode(), "form", "weekly_sales", "1€"),
    Odd(b"1,x,,30/02/2010,2", "form", "dept", "x"),
    Odd(b"0,,x,x,x", "bounds", "store", "0"),
    Odd(b"1,1,30/02/2010,NULL,", "calendar", "date", "30/02/2010"),
    Odd(b"1,1, ,x,", "not_null", "date", " "),
    Odd(b"1,1,05/02/2010, nan ,yes", "not_null", "weekly_sales", " nan "),
    Odd(b"1,1,05/02/2010,1,maybe", "form", "is_holiday", "maybe"),
]


def test_an_odd_record_is_listed_once_under_the_first_rule_it_breaks(env: Environment) -> None:
    valid = [f"{store},9,05/02/2010,1,0".encode() for store in range(1, len(ODD_RECORDS) + 1)]
    lines = [line for odd, good in zip(ODD_RECORDS, valid, strict=True) for line in (good, odd.line, b" ")]
    env.write({"sales/odd.csv": b"\n".join([SALES.encode(), *lines])})
    counts = env.run("--run-id", "night", "--max-rejects", "90%")["datasets"]["sales"]

    entries = env.quarantine()
    for entry in entries:
        assert re.fullmatch("[0-9a-f]{16}", str(entry.pop("id")))
        assert (entry.pop("landing"), entry.pop("state"), entry.pop("reason")) == (1, "open", None)
    constant = {"run_id": "night", "dataset": "sales", "file": "sales/odd.csv"}
    assert entries == [
        {
            **constant,
            "record": 2 * place,
            "records": 1,
            "others": None,
            "rule": o.rule,
            "column": o.column,
            "value": o.value,
            "raw": o.text,
        }
        for place, o in enumerate(ODD_RECORDS, start=1)
    ]
    assert len(env.clean("sales")) == len(ODD_RECORDS)
    assert counts["rows_in"] == 2 * len(ODD_RECORDS)
    assert counts["rows_quarantined"] == counts["rows_out"] == len(ODD_RECORDS)
    assert law_holds(counts)


def test_rejects_are_looked_up_a_few_at_a_time(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw_texts, "BATCH", 2)
    records = [f"x,{number},05/02/2010,1,0" for number in range(5)]
    env.write({"sales/a.csv": csv(SALES, *records), "sales/b.csv": csv(SALES, "1,1,05/02/2010,1,0", *records[1:])})
    env.run("--max-rejects", "100%")

    raws = [(entry["file"], entry["record"], entry["raw"]) for entry in env.quarantine()]
    assert raws == [
        *(("sales/a.csv", number, raw) for number, raw in enumerate(records, start=1)),
        *(("sales/b.csv", number, raw) for number, raw in enumerate(records[1:], start=2)),
    ]


def test_a_stray_quote_costs_its_own_record_only(env: Environment) -> None:
    env.write({"sales/a.csv": csv(SALES, '1,1,05/02/2010,"10,0', "2,1,05/02/2010,1,0", "3,1,05/02/2010,1,0")})
    env.run("--max-rejects", "1")

    assert [row[0] for row in env.clean("sales")] == [2, 3]
    assert [(e["record"], e["rule"], e["value"], e["raw"]) for e in env.quarantine()] == [
        (1, "quotes", '"10,0', '1,1,05/02/2010,"10,0')
    ]


NOTED = f"Store,Dept,Note,{SALES.split(',', 2)[2]}"


def weeks(note: str, count: int, odd: set[int]) -> str:
    """One record a line, each with money of its own; the odd ones have the note as it stands."""
    return csv(NOTED, *(f"1,{n},{note if n in odd else 'x'},05/02/2010,{n}.00,0" for n in range(1, count + 1)))


def test_quotes_escaped_by_a_backslash_cost_their_own_records_only(env: Environment) -> None:
    env.write({"sales/a.csv": weeks('"Pans 12\\""', 100, set(range(1, 100, 2)))})
    counts = env.run("--max-rejects", "50")["datasets"]["sales"]

    assert (counts["rows_in"], counts["rows_out"], counts["rows_quarantined"]) == (100, 50, 50)
    assert [(row[1], row[3]) for row in env.clean("sales")] == [(n, Decimal(n)) for n in range(2, 101, 2)]
    assert [(e["record"], e["rule"]) for e in env.quarantine()] == [(n, "quotes") for n in range(1, 100, 2)]


def test_two_stray_quotes_do_not_take_the_lines_between_with_them(env: Environment) -> None:
    env.write({"sales/a.csv": weeks('"12 inch pans', 1000, {100, 900})})
    env.run()

    assert [row[1] for row in env.clean("sales")] == [n for n in range(1, 1001) if n not in {100, 900}]
    assert [(e["record"], e["rule"], str(e["value"])[:13]) for e in env.quarantine()] == [
        (100, "quotes", '"12 inch pans'),
        (900, "quotes", '"12 inch pans'),
    ]


@pytest.mark.slow
def test_a_quoted_field_that_swallows_records_is_told_line_by_line(env: Environment) -> None:
    lines = weeks('"12 inch pans', 1000, {100}).replace("1,900,x,", '1,900,pans",')
    env.write({"sales/a.csv": lines})
    outcome = env.command("run", "--source", str(env.source), "--json")

    assert outcome.exit_code == 3  # 801 of 1,000 records
    assert [e["record"] for e in env.quarantine()] == list(range(100, 901))
    assert {(e["rule"], e["value"]) for e in env.quarantine()} == {("quotes", "a quoted field that spans 801 lines")}


def test_a_record_on_several_lines_is_legal_and_warned_of(env: Environment) -> None:
    env.write({"sales/a.csv": csv(NOTED, '1,1,"a\nb\nc",05/02/2010,1,0', "1,2,x,05/02/2010,2,0")})
    summary = env.run()

    assert [row[1] for row in env.clean("sales")] == [1, 2]
    assert summary["warnings"][0] == {
        "code": "spans_lines",
        "dataset": "sales",
        "file": "sales/a.csv",
        "text": "sales: in 'sales/a.csv' record 1 spans 3 lines",
    }


@dataclass(frozen=True)
class Unreadable:
    """A file that is not readable as its table, and its entry."""

    name: str
    content: bytes
    rule: str
    value: str

    @property
    def has_header(self) -> bool:
        """Whether there is a first record to be told."""
        return self.rule == "missing_column" and bool(self.content.removeprefix(BOM).strip())


UNREADABLE = [
    Unreadable("sales/a.csv", b"", "empty_file", "0 bytes"),
    Unreadable("sales/b.csv.gz", gzipped(b""), "empty_file", "0 bytes"),
    Unreadable("sales/c.csv", sales(1) + b"1,1,19/02/2010,\0,0\n", "not_text", "NUL byte at position 105"),
    Unreadable("sales/d.csv", "Store,Dept".encode("utf-16"), "not_text", "UTF-16 text; save it as UTF-8"),
    Unreadable("sales/e.csv", sales(1).replace(b"Dept", b"D\xe9pt"), "not_text", "D\\xe9pt"),
    Unreadable("sales/f.csv.gz", sales(1), "not_text", "not gzip but plain text; its name must end in .csv"),
    Unreadable("sales/g.csv.gz", gzipped(sales(1))[:-9], "not_text", "not intact gzip"),
    Unreadable("sales/h.csv", sales(1).replace(b"Weekly_Sales", b"Sales"), "missing_column", "weekly_sales"),
    Unreadable(
        "sales/i.csv", csv("Dept,Date", "1,05/02/2010").encode(), "missing_column", "store, weekly_sales, is_holiday"
    ),
    Unreadable(
        "sales/j.csv",
        csv("1,1,05/02/2010,1,0").encode(),
        "missing_column",
        "store, dept, date, weekly_sales, is_holiday",
    ),
    Unreadable("sales/k.csv", csv(f"{SALES},STORE", "1,1,05/02/2010,1,0,1").encode(), "missing_column", "store twice"),
    Unreadable(
        "sales/l.csv",
        sales(1).replace(b",", b";"),
        "missing_column",
        "store, dept, date, weekly_sales, is_holiday; one field a record; ';' stands in every line",
    ),
    Unreadable("sales/m.csv", b"\n \n\n", "missing_column", "store, dept, date, weekly_sales, is_holiday"),
    Unreadable("sales/n.csv", BOM, "missing_column", "store, dept, date, weekly_sales, is_holiday"),
    Unreadable("sales/o.csv", csv(STORES, "1,A,5").encode(), "missing_column", "dept, date, weekly_sales, is_holiday"),
    Unreadable("features/a.csv", csv(FEATURES.replace(",CPI", ""), FEATURE).encode(), "missing_column", "cpi"),
    Unreadable("features/b.csv", b"\0", "not_text", "NUL byte at its end"),
    Unreadable("stores/a.csv", b"", "empty_file", "0 bytes"),
]


@pytest.fixture(scope="module")
def unreadable(tmp_path_factory: pytest.TempPathFactory) -> tuple[Environment, Summary]:
    env = new_environment(tmp_path_factory.mktemp("unreadable"))
    env.write({file.name: file.content for file in UNREADABLE})
    env.write(
        {"sales/z.csv": sales(99), "features/z.csv": csv(FEATURES, FEATURE), "stores/z.csv": csv(STORES, "1,A,5")}
    )
    return env, env.run("--run-id", "night")


@pytest.mark.slow
def test_an_unreadable_file_is_quarantined_as_a_file(unreadable: tuple[Environment, Summary]) -> None:
    env, _ = unreadable
    found = [
        {key: value for key, value in entry.items() if key not in {"id", "landing", "state", "reason"}}
        for entry in env.quarantine()
    ]
    whole = {"run_id": "night", "record": None, "records": 1, "others": None, "column": None}
    assert found == [
        {
            **whole,
            "dataset": file.name.partition("/")[0],
            "file": file.name,
            "rule": file.rule,
            "value": file.value,
            "raw": file.content.decode().splitlines()[0].strip() if file.has_header else None,
        }
        for file in sorted(UNREADABLE, key=lambda file: file.name)
    ]


def test_the_other_files_go_on_and_the_records_of_an_unreadable_one_are_not_counted(
    unreadable: tuple[Environment, Summary],
) -> None:
    env, summary = unreadable
    assert {dataset: counts["rows_in"] for dataset, counts in summary["datasets"].items()} == {
        "sales": 2,
        "features": 1,
        "stores": 1,
    }
    assert {dataset: counts["files_quarantined"] for dataset, counts in summary["datasets"].items()} == {
        dataset: sum(file.name.startswith(dataset) for file in UNREADABLE) for dataset in summary["datasets"]
    }
    assert summary["files_quarantined"] == len(UNREADABLE)
    assert [len(env.clean(dataset)) for dataset in ("sales", "features", "stores")] == [2, 1, 1]


@pytest.mark.slow
def test_a_quarantined_file_makes_the_environment_unhealthy_until_it_is_settled(env: Environment) -> None:
    env.write(
        {"sales/a.csv": b"", "sales/b.csv": csv(SALES, "1,1,05/02/2010,1,0"), "stores/s.csv": csv(STORES, "1,A,5")}
    )
    assert env.run()["health"]["healthy"] is False
    assert env.failing() == ["open_quarantined_files"]
    assert env.command("monitor", "--check").exit_code == 3

    env.stage("quarantine", "discard", "sales/a.csv", "--reason", "an empty week")

    assert env.failing() == []
    assert env.command("monitor", "--check").exit_code == 0
    assert env.run()["status"] == "noop"
    assert [(e["state"], e["reason"]) for e in env.quarantine("--all")] == [("discarded", "an empty week")]


@pytest.mark.slow
@pytest.mark.parametrize("content", [csv(SALES), SALES, BOM.decode() + SALES + "\r\n", csv(SALES, "", " ", "\t")])
def test_a_header_only_file_is_valid_and_has_no_rows(env: Environment, content: str) -> None:
    env.write({"sales/a.csv": content})
    counts = env.run()["datasets"]["sales"]

    assert (counts["files_new"], counts["files_quarantined"], counts["rows_in"]) == (1, 0, 0)
    assert env.quarantine() == []
    assert env.run()["status"] == "noop"
    assert env.failing() == ["rows_sales"]


@pytest.mark.slow
def test_a_date_that_is_no_friday_is_kept_and_reported(env: Environment) -> None:
    env.write(
        {
            "sales/a.csv": csv(SALES, "1,1,04/02/2010,1,0", "1,1,05/02/2010,1,0", "1,1,06/02/2010,1,0"),
            "features/a.csv": csv(FEATURES, FEATURE.replace("05/", "27/")),
        }
    )
    outcome = env.command("run", "--source", str(env.source))

    assert [str(row[2]) for row in env.clean("sales")] == ["2010-02-04", "2010-02-05", "2010-02-06"]
    assert "WARNING: glue-merge: sales: 2 rows have a date that is no Friday; they are kept" in outcome.stderr
    assert "WARNING: features: features: 1 rows have a date that is no Friday; they are kept" in outcome.stderr


@pytest.mark.slow
def test_sales_of_an_unknown_store_are_kept_counted_and_reported(env: Environment) -> None:
    env.write(
        {
            "sales/a.csv": csv(SALES, *(f"{store},1,05/02/2010,1,0" for store in (1, 2, 3))),
            "stores/s.csv": csv(STORES, "2,A,5"),
        }
    )
    summary = env.run()

    assert summary["datasets"]["sales"]["rows_out"] == 3
    assert len(env.clean("sales")) == 3
    check = env.checks()["orphan_stores"]
    assert (check["value"], check["limit"], check["state"]) == (2, 0, "fail")
    assert check["hint"].startswith("stores 1, 3 have sales and no line in any store file")
    assert env.command("monitor", "--check").exit_code == 3


@pytest.mark.slow
def test_money_stays_exact_to_the_last_cent(env: Environment, tmp_path: Path) -> None:
    edges = ("9999999999.99", "-9999999999.99", "0.01", "-0.01", "9999999999.98")
    env.write(
        {"sales/a.csv": csv(SALES, *(f"1,{dept},05/02/2010,{edge},0" for dept, edge in enumerate(edges, start=1)))}
    )
    env.run()

    cents = [int(edge.replace(".", "")) for edge in edges]
    assert env.database("select weekly_sales_cents from sales order by dept") == [(value,) for value in cents]
    assert env.database("select sum(weekly_sales_cents) from sales") == [(sum(cents),)]
    assert env.database("select weekly_sales from sales_in_dollars where dept = 3") == [(0.01,)]
    assert [name for name in env.failing() if name.startswith("reconcile")] == []


NAMES = (
    "sales/store=7/dept=8/week.csv",
    "sales/date=2001-01-05.csv",
    "sales/a*.csv",
    "sales/ab.csv",
    "sales/a[b].csv",
    "sales/a?.csv",
    "sales/we're 100% \u00e9\u4e2d {x} $HOME #;.csv",
    "sales/deep/er/still/UPPER.CSV",
)


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["plain", "quoted"])
@pytest.mark.parametrize("home", ["home", "store=9/h[o]me *?'"])
def test_neither_names_of_files_nor_of_the_home_mean_anything(tmp_path: Path, home: str, layout: str) -> None:
    env = Environment(new_environment(tmp_path).source, tmp_path / home)
    quote = '"' if layout == "quoted" else ""
    for dept, name in enumerate(NAMES, start=1):
        env.write({name: csv(SALES, f"1,{quote}{dept}{quote},05/02/2010,{dept},0", f"x,{dept},05/02/2010,1,0")})
    env.write({"stores/s.csv": csv(STORES, "1,A,5")})

    counts = env.run("--max-rejects", "50%")["datasets"]["sales"]

    assert counts["rows_in"] == 2 * len(NAMES)
    assert [(row[:2], row[3], row[7]) for row in env.clean("sales")] == [
        ((1, dept), dept, name) for dept, name in enumerate(NAMES, start=1)
    ]
    assert {entry["file"] for entry in env.quarantine()} == set(NAMES)
    assert env.failing() == ["reject_share_sales"]
    assert env.run()["status"] == "noop"

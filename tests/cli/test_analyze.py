"""`analyze` and the library on a small chain that went through the whole pipeline."""

from __future__ import annotations

import json
import re
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pandas as pd
import pytest

import retailstream
from retailstream.adapters.lake.folder import FolderLake
from retailstream.adapters.warehouse.folder import FolderWarehouse
from retailstream.analytics import export
from retailstream.analytics.catalog import use_cases
from retailstream.analytics.printing import cell
from retailstream.cli import answers
from retailstream.errors import RetailStreamError, UsageError
from tests.analytics import tables
from tests.environment import FEATURES, Environment, Summary, chain_environment, sealed

if TYPE_CHECKING:
    from retailstream.analytics.export import TypedAnswer

EXPECTED = Path(__file__).parents[1] / "analytics" / "expected"


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment that the fixture chain was run into."""
    return chain_environment(tmp_path_factory.mktemp("chain"))


def expected(name: str) -> str:
    return (EXPECTED / name / "default.csv").read_text()


@pytest.mark.parametrize("name", use_cases())
def test_csv_is_what_the_query_gives(chain: Environment, name: str) -> None:
    assert chain.command("analyze", name, "--format", "csv").stdout == expected(name)


@pytest.mark.parametrize("name", use_cases())
def test_every_form_holds_the_same_rows(chain: Environment, tmp_path: Path, name: str) -> None:
    lines = expected(name).splitlines()
    columns = lines[0].split(",")

    rows = json.loads(chain.command("analyze", name, "--format", "json").stdout, parse_float=Decimal)
    assert len(rows) == len(lines) - 1
    assert all(list(row) == columns for row in rows)
    assert [",".join("" if value is None else str(value) for value in row.values()) for row in rows] == [
        line.replace('"', "") for line in lines[1:]
    ]

    file = tmp_path / "answer.parquet"
    chain.command("analyze", name, "--output", str(file))
    with duckdb.connect() as connection:
        stored = connection.execute("from read_parquet($file)", {"file": str(file)})
        assert [column[0] for column in stored.description] == columns
        assert [[export.plain(value) for value in row] for row in stored.fetchall()] == [
            [export.plain(value) for value in row.values()] for row in rows
        ]

    table = chain.command("analyze", name).stdout.splitlines()
    assert table[0].split() == columns
    assert len(table) == len(lines)


def test_parameters_reach_the_query(chain: Environment) -> None:
    want = (EXPECTED / "customer-visits" / "type=A,month=2,basket=4.csv").read_text()
    words = ("analyze", "customer-visits", "--type", "A", "--month", "2", "--basket", "4", "--format", "csv")
    assert chain.command(*words).stdout == want


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("customer-visits", "--month", "13"), "error: --month must be at most 12, not '13'"),
        (("customer-visits", "--month", "May"), "error: --month must be a whole number such as 3, not 'May'"),
        (("holiday-sale",), "error: there is no analysis 'holiday-sale'"),
        (("holiday-sales", "--format", "xml"), "error: Invalid value for '--format'"),
        (("holiday-sales", "--format", "parquet"), "error: Parquet is binary"),
        (("holiday-sales", "--format", "csv", "--json"), "error: --json and --format both ask for stdout"),
        (("all", "--format", "csv"), "error: CSV holds one analysis"),
        (("all", "--format", "json", "--json"), "error: --json and --format both ask for stdout"),
        (("holiday-sales", "--output", "answer.xlsx"), "error: --output answer.xlsx: its name does not end in a form"),
        (("holiday-sales", "--output", "answer"), "error: --output answer: its name does not end in a form"),
        (("holiday-sales", "--output", "/no/such/folder/x.csv"), "error: the folder /no/such/folder of --output"),
    ],
)
def test_what_cannot_be_asked_is_a_usage_error(chain: Environment, words: tuple[str, ...], error: str) -> None:
    outcome = chain.command("analyze", *words)
    assert outcome.exit_code == 2
    assert outcome.error.startswith(error)


def test_a_form_that_is_named_beats_the_ending(chain: Environment, tmp_path: Path) -> None:
    file = tmp_path / "answer.dat"
    chain.command("analyze", "holiday-sales", "--format", "csv", "--output", str(file))
    assert file.read_text() == expected("holiday-sales")
    refused = chain.command("analyze", "holiday-sales", "--output", str(file))
    assert refused.exit_code == 2
    assert all(ending in refused.stderr for ending in (".txt", ".csv", ".json", ".parquet", ".html"))


@pytest.mark.parametrize("given", ["b", "D"])
def test_a_type_that_no_store_has_lists_those_there_are(chain: Environment, given: str) -> None:
    summary = chain.stage("analyze", "customer-visits", "--type", given)
    assert summary["headline"] == f"The stores have no type {given}; they have A, B and C."
    assert summary["lacks"] is None


def test_the_summary_tells_the_headline(chain: Environment, tmp_path: Path) -> None:
    file = tmp_path / "stores.csv"
    summary = chain.stage("analyze", "weekly-top-stores", "--top", "1", "--output", str(file))
    assert summary["stage"] == "analyze"
    assert summary["analysis"] == "weekly-top-stores"
    assert summary["parameters"] == {"top": 1}
    assert summary["headline"] + "\n" == (EXPECTED / "weekly-top-stores" / "top=1.txt").read_text()
    assert summary["outputs"] == [str(file)]
    assert file.read_text() == (EXPECTED / "weekly-top-stores" / "top=1.csv").read_text()
    assert summary["rows"] == len(file.read_text().splitlines()) - 1


def test_a_file_without_rows_is_told_by_a_sentence(chain: Environment, tmp_path: Path) -> None:
    file = tmp_path / "visits.csv"
    outcome = chain.command("analyze", "customer-visits", "--type", "Q", "--output", str(file))
    assert outcome.stderr.splitlines() == ["The stores have no type Q; they have A, B and C.", f"written: {file}"]
    assert len(file.read_text().splitlines()) == 1


def test_an_answer_takes_the_place_of_a_file_in_one_step(
    chain: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "answer.csv"
    file.write_text("old")

    def fail(_found: TypedAnswer) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export, "TEXTS", {"csv": fail})
    outcome = chain.command("analyze", "fuel-prices", "--output", str(file))
    assert outcome.exit_code == 1
    assert outcome.error == f"error: {file} cannot be written: No space left on device"
    assert [path.name for path in tmp_path.iterdir()] == ["answer.csv"]
    assert file.read_text() == "old"


def test_list_tells_every_question(chain: Environment) -> None:
    items = chain.command("analyze", "list", "--format", "json").document
    assert [item["name"] for item in items] == list(use_cases())
    assert {"name": "month", "type": "integer", "default": 4, "help": "the month of the year, over all years"} in (
        items[0]["parameters"]
    )
    table = chain.command("analyze", "list").stdout
    assert all(f"{name} " in table and case.question in table for name, case in use_cases().items())


def test_all_answers_at_once(chain: Environment, tmp_path: Path) -> None:
    document = chain.command("analyze", "all", "--format", "json").document
    assert list(document) == list(use_cases())
    table = chain.command("analyze", "all").stdout
    assert all(case.title in table for case in use_cases().values())

    summary = chain.stage("analyze", "all", "--output", str(tmp_path / "answers"))
    assert [told["analysis"] for told in summary["answers"]] == list(use_cases())
    for name in use_cases():
        assert (tmp_path / "answers" / f"{name}.csv").read_text() == expected(name)


def test_where_nothing_was_ever_run_is_an_error_and_makes_no_home(env: Environment) -> None:
    outcome = env.command("analyze", "holiday-sales")
    assert outcome.exit_code == 1
    assert outcome.error == f"error: there is no data: the folder {env.home} does not exist"
    assert not env.home.exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", use_cases())
def test_without_rows_there_is_a_sentence(env: Environment, name: str) -> None:
    env.write({"sales/empty.csv": "Store,Dept,Date,Weekly_Sales,IsHoliday\n"})
    env.run()
    outcome = env.command("analyze", name)
    assert outcome.exit_code == 0
    assert "the warehouse has no sales and no features and no stores yet" in outcome.stderr
    summary = env.stage("analyze", name)
    assert "{" not in summary["headline"]
    assert summary["lacks"] == ("features" if name == "fuel-prices" else "sales")


FILES = {
    "sales/s.csv": "Store,Dept,Date,Weekly_Sales,IsHoliday\n1,1,2012-02-03,7,FALSE\n1,1,2012-02-10,5,TRUE\n",
    "stores/s.csv": "Store,Type,Size\n1,B,10\n",
    "features/f.csv": f"{FEATURES}\n" + "".join(f"1,2012-02-{day},,,,,,,,,,0\n" for day in ("03", "10", "17")),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "lacks", "words"),
    [
        ("unemployment-forecast", "features.unemployment", "No features file has values of unemployment: add them"),
        ("fuel-prices", "features.fuel_price", "No features file has values of fuel_price: add them"),
        (
            "offers-impact",
            "features.markdown1/markdown2/markdown3/markdown4/markdown5",
            "No features file has values of markdown1, markdown2, markdown3, markdown4 or markdown5: add them",
        ),
    ],
)
def test_data_that_the_chain_does_not_have_is_named_and_not_drawn(
    env: Environment, tmp_path: Path, name: str, lacks: str, words: str
) -> None:
    env.write(FILES)
    env.run()
    summary = env.stage("analyze", name, "--chart", str(tmp_path / "chart.svg"))
    assert summary["headline"].startswith(words)
    assert "retailstream run --source FOLDER" in summary["headline"]
    assert summary["lacks"] == lacks
    assert not (tmp_path / "chart.svg").exists()

    outcome = env.command("analyze", "all", "--report", str(tmp_path / "report"))
    assert outcome.exit_code == 0
    page = (tmp_path / "report" / "index.html").read_text()
    section = page[page.index(f'<section id="{name}"') :].split("</section>")[0]
    assert words in section
    assert "<img" not in section


def test_without_rows_a_pipe_gets_the_columns_and_people_the_sentence(chain: Environment) -> None:
    outcome = chain.command("analyze", "customer-visits", "--type", "Z", "--format", "csv")
    assert outcome.stdout.startswith("store,type,weeks,")
    assert len(outcome.stdout.splitlines()) == 1
    assert outcome.stderr == "The stores have no type Z; they have A, B and C.\n"


def test_a_terminal_sees_the_headline_and_figures_for_people(
    chain: Environment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    warehouse = FolderWarehouse(FolderLake(chain.home / "warehouse"))
    found = warehouse.ask(lambda connection: tables.typed_answer(connection, "yearly-stores", {}))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "60")
    answers.print_answer(found, "table")
    text = capsys.readouterr().out
    assert " ".join(found.answer.headline.split()) in " ".join(text.split())
    assert "a wider terminal also shows: " in text
    assert "change on comparable weeks %" in " ".join(re.sub(r"\x1b\[\d*m", "", text).split())


@pytest.mark.parametrize(
    ("value", "column", "text"),
    [
        (Decimal("11435551.03"), "total_sales", "11,435,551.03"),
        (7.5, "lift_pct", "7.50"),
        (1045, "store", "1045"),
        (1045, "weeks", "1,045"),
        (None, "change_pct", "-"),
        ("A", "type", "A"),
    ],
)
def test_values_are_printed_as_people_read_them(value: object, column: str, text: str) -> None:
    assert cell(value, column) == text


def test_a_table_published_in_the_middle_is_read_anew(chain: Environment) -> None:
    warehouse = FolderWarehouse(FolderLake(chain.home / "warehouse"))
    tries: list[Summary] = []

    def question(connection: duckdb.DuckDBPyConnection) -> int:
        tries.append({})
        if len(tries) == 1:
            manifest = chain.home / "warehouse" / "stores" / "_manifest.json"
            document = json.loads(manifest.read_text())
            manifest.write_bytes(sealed(document | {"landing": document["landing"] + 1}))
            raise duckdb.IOException("the file is gone")
        return int(connection.execute("select count(*) from stores").fetchall()[0][0])

    assert warehouse.ask(question) == 10
    assert len(tries) == 2


def test_the_library_gives_a_data_frame(chain: Environment) -> None:
    frame = retailstream.analyze("weekly-top-stores", home=chain.home, top=1)
    rows = (EXPECTED / "weekly-top-stores" / "top=1.csv").read_text().splitlines()
    assert len(frame) == len(rows) - 1
    assert list(frame.columns) == rows[0].split(",")
    kinds = {name: str(kind) for name, kind in frame.dtypes.items()}
    assert (kinds["date"], kinds["store"], kinds["type"], kinds["total_sales"]) == (
        "datetime64[s]",
        "Int64",
        "object" if pd.__version__ < "3" else "str",
        "float64",
    )
    assert frame.attrs["headline"] + "\n" == (EXPECTED / "weekly-top-stores" / "top=1.txt").read_text()


def test_the_library_refuses_like_the_command_line(chain: Environment, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no parameter --tops"):
        retailstream.analyze("weekly-top-stores", home=chain.home, tops=1)
    with pytest.raises(RetailStreamError, match="there is no data"):
        retailstream.analyze("weekly-top-stores", home=tmp_path / "nowhere")

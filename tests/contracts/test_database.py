"""What every relational database does, with rows that an engine gave it and text that an engine reads."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import pytest

from retailstream.contracts import SALES
from retailstream.contracts import STORES as STORES_TABLE
from retailstream.errors import RetailStreamError
from retailstream.manifests import WHOLE
from retailstream.ports import DOUBTED, TableLoad
from tests.contracts.rows import EXTREMES, FEBRUARY, MARCH, RICH, STORES, parquet, read, sale

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from retailstream.contracts import Contract
    from retailstream.ports import Database, Engine, Row


@dataclass(frozen=True)
class Transport:
    """Takes rows to a database and back, through an engine."""

    engine: Engine
    database: Database
    folder: Path

    def change(self, contract: Contract, digests: Mapping[str, str | None], rows: Sequence[Row]) -> TableLoad:
        paths = [parquet(self.folder / f"{contract.name}.parquet", contract, rows)] if rows else []
        given = contract, paths, self.database.encode
        return TableLoad(contract, digests, partial(self.engine.rows, *given), partial(self.engine.dump, *given))

    def load(self, contract: Contract, digests: Mapping[str, str | None], rows: Sequence[Row]) -> dict[str, int]:
        return self.database.load([self.change(contract, digests, rows)])

    def back(self, contract: Contract, partitions: Collection[str] | None = None) -> list[Row]:
        text, out = self.folder / "dump.csv", self.folder / "back"
        out.mkdir(exist_ok=True)
        sent = self.database.dump(contract, partitions, text)
        counts = self.engine.write_text(contract, text, self.database.decode, lambda name: out / f"{name}.parquet")
        paths = [out / f"{name}.parquet" for name in counts]
        assert self.engine.fingerprint(contract, paths) == sent
        return read(paths, contract)


@pytest.fixture
def transport(engine: Engine, database: Database, tmp_path: Path) -> Transport:
    return Transport(engine, database, tmp_path)


def test_a_table_that_was_never_loaded_is_none(database: Database) -> None:
    assert database.digests(SALES) is None
    assert database.fingerprint(SALES) is None


@pytest.mark.parametrize(("contract", "rows"), [(SALES, EXTREMES), (STORES_TABLE, STORES)], ids=["sales", "stores"])
def test_the_smallest_and_largest_values_come_back_as_they_were(
    transport: Transport, contract: Contract, rows: tuple[Row, ...]
) -> None:
    assert transport.load(contract, {"some": "digest"}, rows) == {contract.name: len(rows)}

    assert transport.back(contract) == list(rows)
    assert transport.database.digests(contract) == {"some": "digest"}


def test_a_fingerprint_is_that_of_the_same_rows_in_files(transport: Transport, tmp_path: Path) -> None:
    path = parquet(tmp_path / "sales", SALES, EXTREMES)
    transport.load(SALES, {"some": "digest"}, EXTREMES)

    assert transport.database.fingerprint(SALES) == transport.engine.fingerprint(SALES, [path])


@pytest.mark.parametrize("amounts", [("5.00", "5.01"), ("-5.00", "5.00"), ("-0.01", "0.00")])
def test_a_fingerprint_binds_values_to_keys_as_that_of_files_does(
    transport: Transport, tmp_path: Path, amounts: tuple[str, str]
) -> None:
    found = []
    for digest, (first, second) in (("a", amounts), ("b", amounts[::-1])):
        rows = [sale(1, 1, "2010-02-05", first, visits=0), sale(1, 2, "2010-02-05", second)]
        transport.load(SALES, {"2010-02": digest}, rows)
        found.append(transport.database.fingerprint(SALES))
        assert found[-1] == transport.engine.fingerprint(SALES, [parquet(tmp_path / digest, SALES, rows)])
    assert found[0] is not None
    assert found[1] is not None
    assert found[0].difference(found[1]) == "other values at some keys"


def test_a_table_in_doubt_has_no_digests_and_its_next_load_leaves_only_what_is_loaded(transport: Transport) -> None:
    transport.load(SALES, {"2010-02": "a", "2010-03": "b"}, [*FEBRUARY, *MARCH])
    transport.database.doubt(SALES)
    assert transport.database.digests(SALES) == {"2010-02": DOUBTED, "2010-03": DOUBTED}
    assert transport.back(SALES) == sorted([*FEBRUARY, *MARCH])

    transport.load(SALES, {"2010-02": "a"}, FEBRUARY)

    assert transport.back(SALES) == list(FEBRUARY)


def test_an_empty_table_has_the_fingerprint_of_no_rows(transport: Transport) -> None:
    assert transport.load(SALES, {}, ()) == {"sales": 0}
    assert transport.database.digests(SALES) == {}
    assert transport.database.fingerprint(SALES) == transport.engine.fingerprint(SALES, [])
    assert transport.back(SALES) == []


def test_sums_of_money_are_exact_beyond_the_digits_of_a_double(transport: Transport) -> None:
    rows = [sale(store, 1, "2010-02-05", str(RICH)) for store in range(1, 2001)]
    rows.append(sale(2001, 1, "2010-02-05", "0.01"))
    transport.load(SALES, {"2010-02": "d"}, rows)

    found = transport.database.fingerprint(SALES)

    assert found is not None
    assert found.rows == 2001
    assert dict(found.sums)["weekly_sales"] == 2000 * 999_999_999_999 + 1


def test_a_load_replaces_the_partitions_it_names_and_no_other(transport: Transport) -> None:
    transport.load(SALES, {"2010-02": "a", "2010-03": "b"}, [*FEBRUARY, *MARCH])
    corrected = [FEBRUARY[0], sale(1, 2, "2010-02-05", "-7.77", holiday=True, visits=3), sale(9, 9, "2010-02-12", "1")]

    assert transport.load(SALES, {"2010-02": "c"}, corrected) == {"sales": 3}

    assert transport.back(SALES) == sorted([*corrected, *MARCH], key=lambda row: row[:3])
    assert transport.database.digests(SALES) == {"2010-02": "c", "2010-03": "b"}
    assert transport.back(SALES, ["2010-03"]) == list(MARCH)
    assert transport.back(SALES, ["2010-02"]) == corrected


def test_a_partition_that_is_taken_away_takes_its_rows_along(transport: Transport) -> None:
    transport.load(SALES, {"2010-02": "a", "2010-03": "b"}, [*FEBRUARY, *MARCH])
    transport.load(SALES, {"2010-02": None}, ())
    assert transport.back(SALES) == list(MARCH)
    assert transport.database.digests(SALES) == {"2010-03": "b"}

    transport.load(STORES_TABLE, {WHOLE: "s"}, STORES)
    transport.load(STORES_TABLE, {WHOLE: None}, ())
    assert transport.back(STORES_TABLE) == []
    assert transport.database.digests(STORES_TABLE) == {}


def test_the_same_load_twice_leaves_what_once_leaves(transport: Transport) -> None:
    for _ in range(2):
        assert transport.load(SALES, {"2010-02": "a"}, FEBRUARY) == {"sales": 3}
        assert transport.back(SALES) == list(FEBRUARY)


@pytest.mark.parametrize("first", [True, False], ids=["first load", "later load"])
def test_rows_that_end_in_an_error_leave_all_tables_as_they_were(transport: Transport, first: bool) -> None:
    database = transport.database
    if not first:
        database.load([transport.change(STORES_TABLE, {WHOLE: "s"}, STORES)])
        transport.load(SALES, {"2010-02": "a"}, FEBRUARY)
    before = [(database.digests(table), database.fingerprint(table)) for table in (SALES, STORES_TABLE)]

    def rows() -> Iterator[list[Row]]:
        given = transport.change(SALES, {}, [sale(5, 5, "2010-02-05", "5.55")])
        yield from given.rows()
        raise RuntimeError("the engine failed")

    load = TableLoad(SALES, {"2010-02": "z", "2010-04": "z"}, rows)
    with pytest.raises(RuntimeError, match="the engine failed"):
        database.load([transport.change(STORES_TABLE, {WHOLE: "t"}, STORES[:1]), load])

    assert [(database.digests(table), database.fingerprint(table)) for table in (SALES, STORES_TABLE)] == before


def test_a_key_that_comes_twice_is_an_error_of_ours_and_changes_nothing(transport: Transport) -> None:
    transport.load(SALES, {"2010-03": "b"}, MARCH)
    with pytest.raises(RetailStreamError):
        transport.load(SALES, {"2010-02": "a"}, [FEBRUARY[0], FEBRUARY[0]])
    assert transport.back(SALES) == list(MARCH)
    assert transport.database.digests(SALES) == {"2010-03": "b"}


def test_readers_see_the_old_rows_of_every_table_until_all_are_new(
    transport: Transport, another: Callable[[], AbstractContextManager[Database]]
) -> None:
    transport.database.load(
        [transport.change(STORES_TABLE, {WHOLE: "s"}, STORES), transport.change(SALES, {"2010-02": "a"}, FEBRUARY)]
    )
    seen: list[object] = []

    def rows() -> Iterator[list[Row]]:
        yield from transport.change(SALES, {}, MARCH).rows()
        with another() as reader:
            seen.extend((reader.digests(table), reader.fingerprint(table)) for table in (SALES, STORES_TABLE))

    before = [(transport.database.digests(t), transport.database.fingerprint(t)) for t in (SALES, STORES_TABLE)]
    transport.database.load(
        [transport.change(STORES_TABLE, {WHOLE: "t"}, STORES[:1]), TableLoad(SALES, {"2010-03": "b"}, rows)]
    )

    assert seen == before
    with another() as reader:
        assert reader.digests(SALES) == {"2010-02": "a", "2010-03": "b"}
        assert reader.digests(STORES_TABLE) == {WHOLE: "t"}


def test_what_was_loaded_is_there_after_closing(
    engine: Engine, another: Callable[[], AbstractContextManager[Database]], tmp_path: Path
) -> None:
    with another() as database:
        Transport(engine, database, tmp_path).load(SALES, {"2010-02": "a"}, FEBRUARY)
    with another() as database:
        assert Transport(engine, database, tmp_path).back(SALES) == list(FEBRUARY)


def test_the_url_can_be_printed(database: Database) -> None:
    assert "://" in database.url
    assert database.url.isprintable()

"""The tables of a chain in plain Python, and the rules of rounding: all the reference needs, and no SQL."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

Key = TypeVar("Key")
Value = TypeVar("Value")
Row = tuple[object, ...]
Week = tuple[int, date]

YEAR = timedelta(days=364)


@dataclass(frozen=True)
class Sale:
    store: int
    dept: int
    date: date
    amount: Decimal
    is_holiday: bool
    customers: int | None


@dataclass(frozen=True)
class Feature:
    price: Fraction | None
    cpi: Fraction | None
    has_offers: bool
    customers: int | None


class Chain:
    """Sales, features and stores, and the store-weeks they make."""

    def __init__(self, sales: list[Sale], features: dict[Week, Feature], stores: dict[int, tuple[str, int]]) -> None:
        self.sales, self.features, self.stores = sales, features, stores
        weeks: dict[Week, Decimal] = defaultdict(Decimal)
        for sale in sales:
            weeks[sale.store, sale.date] += sale.amount
        self.weeks = {week: Fraction(amount) for week, amount in weeks.items()}
        self.holidays = {(sale.store, sale.date) for sale in sales if sale.is_holiday}

    def type_of(self, store: int) -> str | None:
        return self.stores[store][0] if store in self.stores else None

    def growth(self, weeks: Iterable[Week]) -> float | None:
        """The change on comparable weeks."""
        both = [(self.weeks[week], self.weeks[earlier(week)]) for week in weeks if earlier(week) in self.weeks]
        return change(sum(now for now, _ in both), sum(before for _, before in both))


def read(folder: Path) -> Chain:
    """Return a folder of CSVs as the sources write them: dd/MM/yyyy, True and False, nothing or NA for null."""
    sales = [
        Sale(
            int(row["Store"]),
            int(row["Dept"]),
            _date(row["Date"]),
            Decimal(row["Weekly_Sales"]),
            row["IsHoliday"] == "True",
            int(row["Customers"]) if row.get("Customers") else None,
        )
        for row in _records(folder / "sales")
    ]
    features = {
        (int(row["Store"]), _date(row["Date"])): Feature(
            _number(row["Fuel_Price"]),
            _number(row["CPI"]),
            any((_number(row[f"MarkDown{number}"]) or 0) > 0 for number in range(1, 6)),
            int(row["Customers"]) if row.get("Customers") else None,
        )
        for row in _records(folder / "features")
    }
    stores = {int(row["Store"]): (row["Type"], int(row["Size"])) for row in _records(folder / "stores")}
    return Chain(sales, features, stores)


def earlier(week: Week) -> Week:
    return week[0], week[1] - YEAR


def rounded(value: Fraction, digits: int) -> Decimal:
    """Round half away from zero: 0.005 → 0.01, -0.005 → -0.01."""
    scaled = abs(value) * 10**digits
    whole = int(scaled) + (scaled - int(scaled) >= Fraction(1, 2))
    return Decimal(-whole if value < 0 else whole).scaleb(-digits)


def mean(values: list[Fraction]) -> Fraction:
    return sum(values, Fraction()) / len(values)


def money(value: Fraction) -> Decimal:
    return rounded(value, 2)


def percent(part: Fraction | int, base: Fraction | int) -> float | None:
    return float(rounded(Fraction(100 * part, base), 2)) if base > 0 else None


def change(now: Fraction | int, before: Fraction | int) -> float | None:
    return percent(now - before, before)


def rank(figure: Decimal, figures: Iterable[Decimal]) -> int:
    """The place of a figure where the largest comes first and ties share the smallest number."""
    return 1 + sum(other > figure for other in figures)


def grouped(pairs: Iterable[tuple[Key, Value]]) -> dict[Key, list[Value]]:
    groups: dict[Key, list[Value]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return groups


def _records(folder: Path) -> Iterator[dict[str, str]]:
    for path in sorted(folder.glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            yield from csv.DictReader(file)


@cache
def _date(text: str) -> date:
    day, month, year = text.split("/")
    return date(int(year), int(month), int(day))


def _number(text: str) -> Fraction | None:
    return None if text in {"", "NA"} else Fraction(text)

"""What an analysis is, what it can be asked with, and the answer that it gives."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, Final

from retailstream.analytics.headline import Headline
from retailstream.contracts import COMMON_FORMS, Type
from retailstream.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

Value = int | Decimal | str | None

_KINDS: Final = {
    "integer": "a whole number such as 3",
    "money": "a sum of money such as 39.50",
    "number": "a number such as 8.5",
    "text": "a text",
}


@dataclass(frozen=True)
class Parameter:
    """A value that an analysis is asked with: `integer`, `money`, `number` or `text`."""

    name: str
    type: str
    default: Value
    help: str
    at_least: Decimal | None = None
    at_most: Decimal | None = None
    among: str | None = None
    """The column, `stores.type`, whose values are all there is to ask for."""

    def value(self, given: object) -> Value:
        """Return the value as it is bound: `"39.5"` → `Decimal("39.5")`, None → the default; UsageError if bad."""
        if given is None:
            return self.default
        text = str(given)
        form = r".+" if self.type == "text" else COMMON_FORMS[Type(self.type)]
        if re.fullmatch(form, text) is None:
            raise self._refusal(_KINDS[self.type], text)
        if self.type == "text":
            return text
        number = Decimal(text)
        if self.at_least is not None and number < self.at_least:
            raise self._refusal(f"at least {self.at_least}", text)
        if self.at_most is not None and number > self.at_most:
            raise self._refusal(f"at most {self.at_most}", text)
        return int(number) if self.type == "integer" else number

    def _refusal(self, expected: str, text: str) -> UsageError:
        return UsageError(f"--{self.name} must be {expected}, not {text!r}", hint=f"--{self.name} is {self.help}")


@dataclass(frozen=True)
class UseCase:
    """One analysis: its question, what it can be asked with, its query, and how its answer is put in words."""

    name: str
    place: int
    title: str
    question: str
    parameters: tuple[Parameter, ...]
    sql: str
    headlines: tuple[Headline, ...]
    empty: Headline
    needs: str | None = None
    method: str = ""
    bar: str | None = None
    reads: tuple[str, ...] = ()
    """What there is no answer without: tables, and columns such as `features.unemployment`; see `absence.py`."""
    headings: Mapping[str, str] = field(default_factory=dict)
    """What people read over a column whose name alone would not say what it is."""

    def values(self, given: Mapping[str, object]) -> dict[str, Value]:
        """Return a value for each parameter, its default where none is given; UsageError for an unknown name."""
        names = [parameter.name for parameter in self.parameters]
        for name in given:
            if name not in names:
                takes = ", ".join(f"--{known}" for known in names)
                raise UsageError(
                    f"{self.name} has no parameter --{name}",
                    hint=f"did you mean --{nearest(name, names)}? It takes {takes}" if names else "it takes none",
                )
        return {parameter.name: parameter.value(given.get(parameter.name)) for parameter in self.parameters}


@dataclass(frozen=True)
class Absence:
    """Why an answer tells nothing, in a sentence; `lacks` names the table or the column that has no data, if one is."""

    text: str
    lacks: str | None = None


@dataclass(frozen=True)
class Answer:
    """What an analysis found: Decimal for money, float for percentages, else int, str, date or None."""

    use_case: UseCase
    parameters: Mapping[str, Value]
    columns: tuple[str, ...]
    rows: list[tuple[object, ...]]
    absence: Absence | None = None
    """Why there is nothing to tell, where that is known."""

    @property
    def headline(self) -> str:
        """The answer in one sentence."""
        return self.absence.text if self.absence else self._telling[1]

    @property
    def speaks(self) -> bool:
        """Whether there are rows, and the headline tells of one of them if it is made to."""
        picks = any(headline.steps for headline in self.use_case.headlines)
        return bool(self.rows) and not self.absence and (bool(self._telling[0].steps) or not picks)

    def first_rows(self, count: int) -> list[tuple[object, ...]]:
        """Return so many rows as they come; where there are more, from the one that the headline speaks of on."""
        if len(self.rows) <= count:
            return self.rows
        return [self.rows[place] for place in self._telling[0].order(self._by_column)[:count]]

    @property
    def begins_with(self) -> str | None:
        """What the first of the `first_rows` has, in words; None where rows stay as they come."""
        return self._telling[0].begins_with

    @cached_property
    def _by_column(self) -> list[dict[str, object]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    @cached_property
    def _telling(self) -> tuple[Headline, str]:
        """The first headline that the rows can fill, and what it says."""
        for headline in self.use_case.headlines if self.rows else [self.use_case.empty]:
            sentence = headline.sentence(self._by_column, self.parameters)
            if sentence is not None:
                return headline, sentence
        plain = f"{self.use_case.title}: {len(self.rows):,} rows."
        return Headline(plain), plain


def nearest(name: str, known: list[str]) -> str:
    """Return the known name that is most like a given one."""
    return get_close_matches(name, known, n=1, cutoff=0)[0]

"""Answers as text and as files; a table, CSV, JSON and Parquet all hold the same rows.

Decimal("2249035.08"), 7.25, date(2012, 10, 26), None, True
→ CSV      2249035.08,7.25,2012-10-26,,true
→ JSON     2249035.08, 7.25, "2012-10-26", null, true       a number keeps the digits it has
→ Parquet  decimal(27,2), double, date, null, boolean
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

from retailstream.analytics import absence, catalog
from retailstream.analytics.use_case import Answer
from retailstream.errors import RetailStreamError, UsageError
from retailstream.ports import ResultTable
from retailstream.targets import replacing
from retailstream.text_table import aligned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from retailstream.querying import QueryEngine

Form = Literal["table", "csv", "json", "parquet", "html"]

ENDINGS: Final[Mapping[str, Form]] = {
    ".txt": "table",
    ".csv": "csv",
    ".json": "json",
    ".parquet": "parquet",
    ".html": "html",
}
"""What the ending of a file says of its form."""

_LEFT: Final = ("VARCHAR", "DATE", "BOOLEAN")
"""The types whose values stand at the left of a column; numbers stand at the right."""


@dataclass(frozen=True)
class TypedAnswer:
    """An answer, and the DuckDB type of each of its columns, which a column of nulls does not show by itself."""

    answer: Answer
    types: tuple[str, ...]

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Whether each column holds numbers."""
        return tuple(type_ not in _LEFT for type_ in self.types)


def ask(engine: QueryEngine, use_case: str, parameters: Mapping[str, object]) -> TypedAnswer:
    """Return what the analysis finds in the tables `sales`, `features` and `stores`; UsageError for a bad parameter."""
    case = catalog.find(use_case)
    values = case.values(parameters)
    found = catalog.found(engine, case, values)
    answer = Answer(case, MappingProxyType(values), found.columns, found.rows)
    if not answer.speaks:
        answer = replace(answer, absence=absence.reason(engine, case, values))
    return TypedAnswer(answer, found.types)


def analyses(questions: Mapping[str, Mapping[str, object]]) -> Callable[[QueryEngine], list[TypedAnswer]]:
    """Return what puts these analyses, with their parameters, to an engine."""
    return lambda engine: [ask(engine, name, parameters) for name, parameters in questions.items()]


def csv_text(found: TypedAnswer) -> str:
    """Return a header and a line a row; nothing stands for null, and no text can start a formula in a spreadsheet."""
    rows = ([_inert(value) for value in row] for row in found.answer.rows)
    return "".join(map(_csv_line, (found.answer.columns, *rows)))


def _csv_line(values: Iterable[str]) -> str:
    """Return a line that ends with a line feed; only where it ends with both does the writer quote a lone return."""
    text = io.StringIO(newline="")
    csv.writer(text).writerow(values)
    return text.getvalue().removesuffix("\r\n") + "\n"


def json_text(found: TypedAnswer) -> str:
    """Return an array of row objects, on one line."""
    return f"{_array(found.answer)}\n"


def json_of_all(answers: Iterable[TypedAnswer]) -> str:
    """Return one object with the array of each analysis, on one line."""
    members = (f"{json.dumps(found.answer.use_case.name)}: {_array(found.answer)}" for found in answers)
    return f"{{{', '.join(members)}}}\n"


def table_text(found: TypedAnswer) -> str:
    """Return aligned columns, numbers at the right, `-` for null."""
    rows = ([plain(value) or "-" for value in row] for row in found.answer.rows)
    return aligned([found.answer.columns, *rows], found.numeric)


TEXTS: Final[Mapping[Form, Callable[[TypedAnswer], str]]] = {"table": table_text, "csv": csv_text, "json": json_text}
"""The forms that are text."""


def plain(value: object) -> str:
    """Return a value as CSV has it: all its digits, no exponent, no separators; dates as YYYY-MM-DD; null is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        value = Decimal(repr(value))
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _inert(value: object) -> str:
    """Return a value as `plain` does, with `'` before text that a spreadsheet would compute: `=1+1` → `'=1+1`."""
    text = plain(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def form_of(path: Path) -> Form:
    """Return the form that a file's ending asks for; UsageError where it is none of the ENDINGS."""
    form = ENDINGS.get(path.suffix.lower())
    if form is None:
        raise UsageError(
            f"--output {path}: its name does not end in a form of answers",
            hint=f"end its name in {', '.join(list(ENDINGS)[:-1])} or {list(ENDINGS)[-1]}, or give --format",
        )
    return form


def result_table(found: TypedAnswer, run_id: str) -> ResultTable:
    """Return an answer as a table to be kept: `holiday-sales` → `result_holiday_sales`."""
    name = f"result_{found.answer.use_case.name.replace('-', '_')}"
    return ResultTable(name, list(zip(found.answer.columns, found.types, strict=True)), found.answer.rows, run_id)


def write(found: TypedAnswer, path: Path, form: Form, *, text: str | None = None) -> None:
    """Write an answer, or the text that it was made into, to a file that appears, or is replaced, in one step."""
    with replacing(path) as part:
        if form == "parquet":
            _write_parquet(found, part)
        else:
            part.write_text(text if text is not None else TEXTS[form](found), encoding="utf-8", newline="")


def write_all(answers: Iterable[TypedAnswer], folder: Path, form: Form) -> list[Path]:
    """Write each answer to a file named after its analysis in a folder, made if need be, and return the files."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RetailStreamError(f"the folder {folder} cannot be made: {error.strerror}") from error
    ending = next(ending for ending, known in ENDINGS.items() if known == form)
    files = []
    for found in answers:
        files.append(folder / f"{found.answer.use_case.name}{ending}")
        write(found, files[-1], form)
    return files


def _write_parquet(found: TypedAnswer, path: Path) -> None:
    """Write rows with exact types; a whole number of 128 bits, which Parquet lacks, as one of 64."""
    import duckdb  # noqa: PLC0415 -- a tenth of a second that only this form needs

    types = ["BIGINT" if type_ == "HUGEINT" else type_ for type_ in found.types]
    columns = [
        f'unnest(cast(${place} as {type_}[])) as "{name}"'
        for place, (name, type_) in enumerate(zip(found.answer.columns, types, strict=True), start=1)
    ]
    values = [[row[place] for row in found.answer.rows] for place in range(len(types))]
    target = str(path).replace("'", "''")
    try:
        with duckdb.connect(":memory:") as connection:
            connection.execute(f"copy (select {', '.join(columns)}) to '{target}' (format parquet)", values)
    except duckdb.IOException as error:
        raise OSError(str(error)) from error


def _array(answer: Answer) -> str:
    names = [json.dumps(column) for column in answer.columns]
    rows = (", ".join(f"{name}: {_json(value)}" for name, value in zip(names, row, strict=True)) for row in answer.rows)
    return f"[{', '.join(f'{{{row}}}' for row in rows)}]"


def _json(value: object) -> str:
    """Return a value as JSON; `json` itself has no exact decimals."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    return json.dumps(value.isoformat() if isinstance(value, date) else value)

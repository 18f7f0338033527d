"""Spoils a share of the records that pass through, and lists each of them.

Six of ten spoilt records break a rule, two are followed by a later record of their key, two are merely written
differently.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from retailstream.contracts import Type
from retailstream.sample.chances import choose, stream
from retailstream.sample.defects import defects, rewrite
from retailstream.sample.layout import Layout, harmless_layouts

if TYPE_CHECKING:
    from retailstream.contracts import Contract
    from retailstream.sample.manifest import Manifest

KINDS = (
    *("not_null",) * 10,
    *("form",) * 20,
    *("calendar",) * 7,
    *("bounds",) * 8,
    *("columns",) * 8,
    *("encoding",) * 7,
    *("duplicate",) * 10,
    *("superseded",) * 10,
    *("harmless",) * 20,
)
WAYS = ("blanks", "iso_date", "bit", "case", "quoted", "null_word", "blank_line", "all_quoted", "line_end")
CARRIED_OVER = 50
"""How many later records of a key may wait for the next file."""


class Spoiler:
    """Passes the lines of one dataset on, file by file, a share of them spoilt."""

    def __init__(self, contract: Contract, header: str, manifest: Manifest, *, share: float, seed: int) -> None:
        self._header = header
        self._manifest = manifest
        self._share = share
        self._draw = stream(seed, "spoilt", contract.name)
        self._defects = defects(contract, header)
        self._names = [contract.match(name) for name in header.split(",")]
        types = [contract.column(name or "").type for name in self._names]
        self._corrected = next(place for place, kind in enumerate(types) if kind in {Type.MONEY, Type.NUMBER})
        self._layouts = harmless_layouts(header)
        self._layout = Layout(header)
        self._file = ""
        self._waiting: list[list[str]] = []
        self.records = 0

    def begin(self, file: str) -> str:
        """Start a file, and return its head."""
        self._file, self.records, self._layout = file, 0, Layout(self._header)
        if self._share and self._draw() < min(0.25, 5 * self._share):
            self._layout = choose(self._draw, self._layouts)
            self._list(0, "harmless", None, self._layout.how)
        return self._layout.head()

    def block(self, lines: list[str]) -> list[str]:
        """Return the lines as they are to be written; a blank line is part of the record below it."""
        if not self._share:
            self.records += len(lines)
            return lines
        draw, share, start = self._draw, self._share, 0
        written: list[str] = []
        for place in [place for place in range(len(lines)) if draw() < share]:
            self._pass(lines[start:place], written)
            written.append(self._spoilt(lines[place][:-1].split(",")))
            if self._waiting and draw() < 0.5:
                self._repeat(written)
            start = place + 1
        self._pass(lines[start:], written)
        return written

    def end(self, *, last: bool) -> list[str]:
        """Return the lines that close a file: later records of keys, but for some that wait for the next file."""
        written: list[str] = []
        while len(self._waiting) > (0 if last else CARRIED_OVER):
            self._repeat(written)
        return written

    def _pass(self, lines: list[str], written: list[str]) -> None:
        self.records += len(lines)
        written += self._layout.lines(lines)

    def _repeat(self, written: list[str]) -> None:
        fields = self._waiting.pop(int(self._draw() * len(self._waiting)))
        self.records += 1
        written.append(self._layout.record(fields))

    def _list(self, record: int, kind: str, column: str | None, how: str) -> None:
        self._manifest.add(self._file, record, kind, column, how)

    def _spoilt(self, fields: list[str]) -> str:
        self.records += 1
        kind = choose(self._draw, KINDS)
        match kind:
            case "harmless":
                return self._rewritten(fields)
            case "columns":
                return self._torn(fields)
            case "duplicate" | "superseded":
                self._will_repeat(kind, fields)
            case _:
                defect = choose(self._draw, choose(self._draw, self._defects[kind]))
                fields[defect.place] = defect.text
                self._list(self.records, kind, defect.column, defect.text.encode(errors="backslashreplace").decode())
        return self._layout.record(fields)

    def _will_repeat(self, kind: str, fields: list[str]) -> None:
        later, place = list(fields), self._corrected
        if kind == "superseded":
            later[place] = str(int(float(fields[place]) * 100 + 2 + 1000 * self._draw()) / 100)
        self._waiting.append(later)
        self._list(self.records, kind, self._names[place] if kind == "superseded" else None, "repeated")

    def _torn(self, fields: list[str]) -> str:
        torn = choose(self._draw, (fields[:-1], fields[:2], fields[1:], [*fields, "7"], [*fields, *fields]))
        self._list(self.records, "columns", None, f"{len(torn)} fields")
        return self._layout.text(torn)

    def _rewritten(self, fields: list[str]) -> str:
        how, line = choose(self._draw, WAYS), self._layout.record(fields)
        column = None
        match how:
            case "blank_line":
                line = self._layout.text([""]) + line
            case "line_end":
                line = line.rstrip("\r\n") + ("\n" if self._layout.crlf else "\r\n")
            case "all_quoted":
                line = self._layout.record([f'"{field}"' for field in fields])
            case _:
                place = self._place_for(how, fields)
                how, column = rewrite(how, fields, place, self._draw), self._names[place]
                line = self._layout.record(fields)
        self._list(self.records, "harmless", column, how)
        return line

    def _place_for(self, how: str, fields: list[str]) -> int:
        """Return a field that can be written in this way, or any."""
        fitting = [place for place, field in enumerate(fields) if _fits(how, field)]
        return choose(self._draw, fitting or range(len(fields)))


def _fits(how: str, field: str) -> bool:
    match how:
        case "iso_date":
            return "/" in field
        case "null_word":
            return not field
        case "bit" | "case":
            return field in {"True", "False"}
        case _:
            return True

"""How a file is laid out: which line ends, order and case of the header all leave its records the same."""

from __future__ import annotations

from dataclasses import dataclass

BOM = "\ufeff"


@dataclass(frozen=True)
class Layout:
    """A harmless form of a whole file; the default is that of the public set."""

    header: str
    how: str = ""
    order: tuple[int, ...] = ()
    crlf: bool = False

    def head(self) -> str:
        """Return what the file begins with."""
        return (BOM if self.how == "bom" else "") + self.text(self._ordered(self.header.split(",")))

    def text(self, fields: list[str]) -> str:
        """Return a line of fields that are in this layout's order."""
        return ",".join(fields) + ("\r\n" if self.crlf else "\n")

    def record(self, fields: list[str]) -> str:
        """Return a record's line; too few or too many fields stay what they are."""
        return self.text(self._ordered(fields))

    def lines(self, lines: list[str]) -> list[str]:
        """Return lines of plain fields in this layout."""
        if not self.order and not self.crlf:
            return lines
        return [self.record(line[:-1].split(",")) for line in lines]

    def _ordered(self, fields: list[str]) -> list[str]:
        return [fields[place] for place in self.order] if len(fields) == len(self.order) else fields


def harmless_layouts(header: str) -> tuple[Layout, ...]:
    """Return the forms that a reader must accept."""
    count = header.count(",") + 1
    backwards = tuple(reversed(range(count)))
    turned = (*range(1, count), 0)
    return (
        Layout(header, "bom"),
        Layout(header, "crlf", crlf=True),
        Layout(header.upper(), "header_case"),
        Layout(header.lower().replace("_", " "), "header_case"),
        Layout(header, "header_order", backwards),
        Layout(header, "header_order", turned, crlf=True),
    )

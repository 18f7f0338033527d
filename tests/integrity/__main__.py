"""Writes the table of docs/reference/damage.md: `python -m tests.integrity`."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from tests.integrity.cases import case_of, make_homes, table
from tests.integrity.damages import DAMAGES, KINDS
from tests.integrity.page import PAGE, with_table

if __name__ == "__main__":
    with TemporaryDirectory() as name:
        homes = make_homes(Path(name))
        cases = {
            (kind, damage): case_of(homes, Path(name, kind, damage), kind, damage)
            for kind in KINDS
            for damage in DAMAGES
        }
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8"), table(cases)), encoding="utf-8")

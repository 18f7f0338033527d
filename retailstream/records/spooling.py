"""Records that only our reader can tell apart, written so that any engine can."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from retailstream.durable import naming
from retailstream.records.reading import records

if TYPE_CHECKING:
    from pathlib import Path

    from retailstream.contracts import Contract
    from retailstream.records.reading import Record
    from retailstream.records.surveying import FileSurvey

SPOOL_COLUMNS: Final = ("record", "ignored", "defect", "defect_column", "defect_value")
"""The columns of a spool before those of the contract; all are text."""

_OPTIONS: Final = (
    "auto_detect = false, compression = 'none', header = false, delim = ',', quote = '\"', escape = '\"', "
    "new_line = '\\n', parallel = false"
)
_DUCKDB_LINE_BYTES: Final = 2_000_000


@dataclass(frozen=True)
class Spool:
    """What was spooled: the number of records, and the bytes of the longest line."""

    records: int
    longest: int

    @property
    def options(self) -> str:
        r"""The options of DuckDB's `read_csv` for this spool, beside `columns`.

        Without `new_line` it refuses a lone `\r` in quotes; in parallel it refuses some line ends in quotes.
        """
        return f"{_OPTIONS}, max_line_size = {max(self.longest, _DUCKDB_LINE_BYTES)}"


def spool(path: Path, survey: FileSurvey, contract: Contract, target: Path) -> Spool:
    r"""Write the records of a file, defects and all, as a CSV file without a header in UTF-8.

    Every field is quoted, `"` is doubled, lines end with `\n`; an absent column is empty, which means null.

    `Record(7, ("1", 'a"b', None), …)` → `"7","","","","","1","a""b",""`
    """
    count = longest = 0
    with naming(target), target.open("wb") as spooled:
        for record in records(path, survey, contract):
            line = _line(record, len(contract.names)).encode()
            spooled.write(line)
            longest = max(longest, len(line))
            count += 1
    return Spool(count, longest)


def _line(record: Record, width: int) -> str:
    if record.defect:
        values = ["", record.defect.rule, record.defect.column or "", record.defect.value, *[""] * width]
    else:
        values = [record.ignored or "", "", "", "", *(field or "" for field in record.fields)]
    quoted = '","'.join([value.replace('"', '""') for value in values])
    return f'"{record.number}","{quoted}"\n'

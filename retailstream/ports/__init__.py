"""What the stages ask of the outside world, in our words; adapters answer.

A path is always a file on this machine; a key names an object within a lake, with `/` between its parts.
"""

from retailstream.ports.database import DOUBTED, Database, Results, ResultTable, TableLoad
from retailstream.ports.engine import DatedRows, Engine, Origin, Origins, Profile, Row
from retailstream.ports.lake import Lake, LakeFile, LandedFile
from retailstream.ports.merge import (
    Checked,
    Disagreement,
    FileDate,
    FileFigures,
    FoundReject,
    Merge,
    Merger,
    RowCounts,
    StoreFigures,
)
from retailstream.ports.metrics import MetricsTarget
from retailstream.ports.progress import Progress, no_progress
from retailstream.ports.state import State
from retailstream.ports.warehouse import Foreign, Table, Warehouse

__all__ = [
    "DOUBTED",
    "Checked",
    "Database",
    "DatedRows",
    "Disagreement",
    "Engine",
    "FileDate",
    "FileFigures",
    "Foreign",
    "FoundReject",
    "Lake",
    "LakeFile",
    "LandedFile",
    "Merge",
    "Merger",
    "MetricsTarget",
    "Origin",
    "Origins",
    "Profile",
    "Progress",
    "ResultTable",
    "Results",
    "Row",
    "RowCounts",
    "State",
    "StoreFigures",
    "Table",
    "TableLoad",
    "Warehouse",
    "no_progress",
]

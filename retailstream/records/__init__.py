from retailstream.records.reading import Record, RecordDefect, raw_records, records
from retailstream.records.spooling import SPOOL_COLUMNS, Spool, spool
from retailstream.records.surveying import PLAIN_OPTIONS, FileDefect, FileSurvey, survey

__all__ = [
    "PLAIN_OPTIONS",
    "SPOOL_COLUMNS",
    "FileDefect",
    "FileSurvey",
    "Record",
    "RecordDefect",
    "Spool",
    "raw_records",
    "records",
    "spool",
    "survey",
]

from retailstream.records.joining import JOINED_OPTIONS, SMALL_BYTES, join
from retailstream.records.reading import Record, RecordDefect, raw_records, records
from retailstream.records.spooling import SPOOL_COLUMNS, Spool, spool
from retailstream.records.surveying import PLAIN_OPTIONS, FileDefect, FileNote, FileSurvey, survey

__all__ = [
    "JOINED_OPTIONS",
    "PLAIN_OPTIONS",
    "SMALL_BYTES",
    "SPOOL_COLUMNS",
    "FileDefect",
    "FileNote",
    "FileSurvey",
    "Record",
    "RecordDefect",
    "Spool",
    "join",
    "raw_records",
    "records",
    "spool",
    "survey",
]

from retailstream.records.joining import JOINED_OPTIONS, SMALL_BYTES, join
from retailstream.records.reading import Record, RecordDefect, header_of, ignored_text, raw_records, records
from retailstream.records.spooling import SPOOL_COLUMNS, Spool, spool
from retailstream.records.surveying import PLAIN_OPTIONS, FileDefect, FileSurvey, survey

__all__ = [
    "JOINED_OPTIONS",
    "PLAIN_OPTIONS",
    "SMALL_BYTES",
    "SPOOL_COLUMNS",
    "FileDefect",
    "FileSurvey",
    "Record",
    "RecordDefect",
    "Spool",
    "header_of",
    "ignored_text",
    "join",
    "raw_records",
    "records",
    "spool",
    "survey",
]

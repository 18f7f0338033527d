"""A table with all that transfers are known to lose: nulls, delimiters, days that are none, extreme numbers."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tests.services.mariadb import MariaDb

DEFINITION: Final = """
create or replace table Nasty (
  Id bigint not null, part int, day date, at datetime(6), seen timestamp(3) null, txt varchar(40) character set utf8mb4,
  latin varchar(20) character set latin1, big decimal(38,10), tiny decimal(2,2), whole decimal(38,0),
  u bigint unsigned, t tinyint(1), tu tinyint unsigned, z int(8) unsigned zerofill, f float, d double,
  raw varbinary(20), bits bit(5), flag bit(1), span time(3), y year, e enum('a','b''c'), js json, lt longtext,
  fixed char(5), primary key (Id)
) engine = InnoDB
"""

TYPES: Final = {
    "id": "BIGINT",
    "part": "INTEGER",
    "day": "DATE",
    "at": "TIMESTAMP",
    "seen": "TIMESTAMP",
    "txt": "VARCHAR",
    "latin": "VARCHAR",
    "big": "DECIMAL(38,10)",
    "tiny": "DECIMAL(2,2)",
    "whole": "DECIMAL(38,0)",
    "u": "DECIMAL(20,0)",
    "t": "TINYINT",
    "tu": "SMALLINT",
    "z": "BIGINT",
    "f": "FLOAT",
    "d": "DOUBLE",
    "raw": "BLOB",
    "bits": "BIGINT",
    "flag": "BOOLEAN",
    "span": "VARCHAR",
    "y": "INTEGER",
    "e": "VARCHAR",
    "js": "VARCHAR",
    "lt": "VARCHAR",
    "fixed": "VARCHAR",
}

SHOWN: Final = ", ".join(f'cast("{name}" as varchar)' if name in {"day", "at", "seen"} else name for name in TYPES)

_NONE: Final = (None,) * 22

GIVEN: Final = (
    (
        *(1, None, "0000-00-00", "0000-00-00 00:00:00", "2012-03-25 02:30:00.5", "tab\t,comma", "é"),
        *(
            "9999999999999999999999999999.9999999999",
            "0.50",
            "9" * 38,
            2**64 - 1,
            5,
            255,
            42,
            0.1,
            1.7976931348623157e308,
        ),
        *(b"\x00\xff", 31, 1, "-838:59:59.5", 1901, "b'c", '{"a": 1}', "x" * 5000, "ab "),
    ),
    (
        *(2, None, "2010-02-31", "2010-02-31 01:02:03", "1970-01-01 02:00:01", "new\nline\r\n", "ü"),
        *("-9999999999999999999999999999.9999999999", "-0.01", "-" + "9" * 38, 0, -128, 0, 0, 3.4e38, 5e-324),
        *(b"", 0, 0, "12:00:00", 2155, "a", "[]", "", ""),
    ),
    (
        *(3, 7, "0001-01-01", "0001-01-01 00:00:00.000001", None, "q\"uo'te \\ back\\n \\N", ""),
        *("0.0000000001", "0", "0", None, 1, 1, 99999999, -1.5, -0.0),
        *(None, None, None, None, None, None, None, None, None),
    ),
    (
        *(4, 7, "1582-10-10", "1582-10-10 01:02:03.4", None, "NULL", None),
        *(None, None, None, 2**63, 0, None, None, None, 0.30000000000000004),
        *(b"\n,", 1, 1, "00:00:00", 0, "", "null", "\\N", "N"),
    ),
    (
        *(5, -3, "9999-12-31", "9999-12-31 23:59:59.999999", None, "😀 emoji ü \0\1\2", None),
        *("1.5", ".33", "1", 1, 1, 1, 1, 1.401298464324817e-45, 123456789012345680.0),
        *(b"x", 2, 0, "1:2:3", 2000, "a", '"\\ud83d\\ude00"', "N", "x"),
    ),
    (-(2**63), None, None, *_NONE),
    (2**63 - 1, 2**31 - 1, "2012-02-29", *_NONE),
)
"""The rows as the database takes them, in a session two hours east of Greenwich that believes in every day."""

VALUES: Final[list[tuple[Any, ...]]] = [
    (-(2**63), None, None, *_NONE),
    (
        *(1, None, None, None, "2012-03-25 00:30:00.5", "tab\t,comma", "é"),
        *(Decimal("9999999999999999999999999999.9999999999"), Decimal("0.50"), Decimal("9" * 38), Decimal(2**64 - 1)),
        *(5, 255, 42, 0.10000000149011612, 1.7976931348623157e308),
        *(b"\x00\xff", 31, True, "-838:59:59.500", 1901, "b'c", '{"a": 1}', "x" * 5000, "ab"),
    ),
    (
        *(2, None, None, None, "1970-01-01 00:00:01", "new\nline\r\n", "ü"),
        *(Decimal("-9999999999999999999999999999.9999999999"), Decimal("-0.01"), Decimal("-" + "9" * 38), Decimal(0)),
        *(-128, 0, 0, 3.3999999521443642e38, 5e-324),
        *(b"", 0, False, "12:00:00.000", 2155, "a", "[]", "", ""),
    ),
    (
        *(3, 7, "0001-01-01", "0001-01-01 00:00:00.000001", None, "q\"uo'te \\ back\\n \\N", ""),
        *(Decimal("1E-10"), Decimal("0.00"), Decimal(0), None, 1, 1, 99999999, -1.5, 0.0),
        *(None, None, None, None, None, None, None, None, None),
    ),
    (
        *(4, 7, "1582-10-10", "1582-10-10 01:02:03.4", None, "NULL", None),
        *(None, None, None, Decimal(2**63), 0, None, None, None, 0.30000000000000004),
        *(b"\n,", 1, True, "00:00:00.000", 0, "", "null", "\\N", "N"),
    ),
    (
        *(5, -3, "9999-12-31", "9999-12-31 23:59:59.999999", None, "😀 emoji ü \0\1\2", None),
        *(
            Decimal("1.5"),
            Decimal("0.33"),
            Decimal(1),
            Decimal(1),
            1,
            1,
            1,
            1.401298464324817e-45,
            123456789012345680.0,
        ),
        *(b"x", 2, False, "01:02:03.000", 2000, "a", '"\\ud83d\\ude00"', "N", "x"),
    ),
    (2**63 - 1, 2**31 - 1, "2012-02-29", *_NONE),
]
"""The rows as the warehouse has them, by key; times in UTC, and days that are none as null."""


def create(mariadb: MariaDb, database: str) -> None:
    """Make the table with its rows."""
    mariadb.sql(DEFINITION, database)
    with closing(mariadb.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute("set sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+02:00'")
        cursor.executemany(f"insert into Nasty values ({', '.join(['%s'] * len(TYPES))})", GIVEN)

"""Each type of MySQL becomes the narrowest one that holds every value of it, or is refused by name."""

from __future__ import annotations

import pytest

from retailstream.adapters.database.mysql_types import Described, described, field_of, quoted
from retailstream.errors import UsageError

TYPES = {
    "tinyint(1)": "tinyint",
    "tinyint(3) unsigned": "smallint",
    "smallint(6)": "smallint",
    "smallint(5) unsigned": "integer",
    "mediumint(8) unsigned": "integer",
    "int(11)": "integer",
    "int(10) unsigned zerofill": "bigint",
    "bigint(20)": "bigint",
    "bigint(20) unsigned": "decimal(20,0)",
    "bit(1)": "boolean",
    "bit(9)": "bigint",
    "bit(64)": "decimal(20,0)",
    "decimal(38,10)": "decimal(38,10)",
    "decimal(2,2) unsigned": "decimal(2,2)",
    "float": "float",
    "double unsigned": "double",
    "year(4)": "integer",
    "date": "date",
    "datetime(6)": "timestamp",
    "timestamp": "timestamp",
    "time(3)": "varchar",
    "char(3)": "varchar",
    "longtext": "varchar",
    "enum('a,b')": "varchar",
    "json": "varchar",
    "uuid": "varchar",
    "binary(16)": "blob",
    "longblob": "blob",
}


def column(type_: str, name: str = "Some_Column") -> Described:
    data_type = type_.partition("(")[0].split()[0]
    inner = type_.partition("(")[2].partition(")")[0]
    digits, _, places = inner.partition(",") if data_type in {"decimal", "bit"} else ("", "", "")
    return described((name, data_type, type_.upper(), int(digits or 0) or None, int(places or 0), "YES"))


@pytest.mark.parametrize(("type_", "exact"), TYPES.items(), ids=TYPES)
def test_a_type_becomes_one_that_holds_its_values(type_: str, exact: str) -> None:
    field = field_of("t", column(type_))
    assert (field.name, field.sql_type, field.required) == ("some_column", exact, False)


@pytest.mark.parametrize(
    ("type_", "name", "error"),
    [
        ("decimal(39,0)", "wide", r"column 'wide' of table 't' has type decimal\(39,0\), and 38 digits are the most"),
        ("geometry", "shape", "column 'shape' of table 't' has type geometry, which no warehouse has"),
        ("int(11)", "a b", "column 'a b' of table 't' has a name that is not of letters, digits and _"),
    ],
)
def test_what_no_warehouse_has_is_named(type_: str, name: str, error: str) -> None:
    with pytest.raises(UsageError, match=error) as caught:
        field_of("t", column(type_, name))
    assert caught.value.hint == "name the other columns with --columns"


def test_names_are_quoted() -> None:
    assert quoted("a`b") == "`a``b`"

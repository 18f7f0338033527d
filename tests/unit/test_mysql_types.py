"""Each type of MySQL becomes the narrowest one that holds every value of it, or is refused by name."""

from __future__ import annotations

import pytest

from retailstream.adapters.database.mysql_types import Described, described, field_of, quoted, value_of
from retailstream.choices import Changes
from retailstream.errors import UsageError
from retailstream.relations import Field

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
    ("type_", "name", "error", "way"),
    [
        ("decimal(39,0)", "w", r"column 'w' of table 't' has type decimal\(39,0\), and 38 digits are", "--as-text 'w'"),
        ("vector(9)", "v", r"column 'v' of table 't' has type vector\(9\), which no warehouse has", "--columns"),
        (
            "int(11)",
            "a b",
            "column 'a b' of table 't' has a name that is not of letters, digits",
            "--rename 'a b=NAME'",
        ),
    ],
)
def test_what_no_warehouse_has_is_named(type_: str, name: str, error: str, way: str) -> None:
    with pytest.raises(UsageError, match=error) as caught:
        field_of("t", column(type_, name))
    assert way in caught.value.hint


@pytest.mark.parametrize(
    ("type_", "plain", "text"),
    [
        ("geometry", "st_aswkb(`A b`)", "st_astext(`A b`)"),
        ("decimal(65,30)", None, "cast(`A b` as char)"),
        ("bigint(20)", "`A b`", "cast(`A b` as char)"),
        ("double", "`A b`", None),
        ("blob", "`A b`", None),
    ],
)
def test_a_column_is_taken_in_its_form_and_under_its_own_name(type_: str, plain: str | None, text: str | None) -> None:
    for said, as_text in ((plain, ()), (text, ("a b",))):
        changes = Changes({"a b": "c"}, as_text)
        if said is None:
            with pytest.raises(UsageError):
                field_of("t", column(type_, "A b"), changes)
            continue
        field = field_of("t", column(type_, "A b"), changes)
        assert (field.name, field.asked, value_of(field)) == ("c", "A b", said)
        assert repr(field) == repr(Field("c", field.kind, field.digits, field.places, field.required))


def test_names_are_quoted() -> None:
    assert quoted("a`b") == "`a``b`"

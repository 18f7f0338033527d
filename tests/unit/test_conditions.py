"""A condition of the user's stays within the parentheses that it is put into, as the database reads it."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailstream.conditions import MYSQL, SQLITE, Grammar, checked
from retailstream.errors import UsageError

BOTH = [MYSQL, SQLITE]

REFUSED = [
    ("1 = 1 union select * from users", "'union' stands in it outside of parentheses"),
    ("select 1", "'select' stands in it outside of parentheses"),
    ("store = 1 LIMIT 5", "'LIMIT' stands in it outside of parentheses"),
    ("store = 1 order by dept", "'order' stands in it outside of parentheses"),
    ("store = 1) union select * from users where (1 = 1", "it closes a parenthesis that it has not opened"),
    ("1 = 1) or (1 = 1", "it closes a parenthesis that it has not opened"),
    ("store in (1, 2", "it leaves a parenthesis open"),
    ("store = 1; drop table sales", "a ';' stands in it"),
    ("store = 1;", "a ';' stands in it"),
    ("store = 1 -- and that is all", "a comment in it swallows what follows"),
    ("store = 1 --", "a comment in it swallows what follows"),
    ("store = 1 /* for ever", "a comment in it has no end, or is one that the database obeys"),
    ("name = 'x", "it leaves a ' open"),
    ('name = "x', 'it leaves a " open'),
    ("`name = 1", "it leaves a ` open"),
]

ACCEPTED = [
    "store = 1",
    "store in (select store from stores where type = 'A')",
    "exists (select 1 from a union select 2 from b)",
    "name = 'it''s -- no comment; nor ) an end'",
    '`union` = 1 and "a;b" = 2',
    "(store = 1 /* the first ) */) or dept = 2",
    "store = 1 -- the first\n and dept = 2",
    "case when store = 1 then 1 else 0 end",
    "note like '%/*%' and a - -1 = 2",
    "date(day) between '2012-01-01' and '2012-12-31'",
    "orders = 1 and selected and group_id = 2",
    "json_extract(a, '$.x[0]') = 1",
]

OF_MYSQL = [
    r"name = 'it\'s'",
    r'name = "a\"b);"',
    "a--1 = 2",
    "a <=> null and match (a) against ('x' in boolean mode)",
    "name = 'x' # the first\n and dept = 2",
    "day >= current_date - interval 7 day",
    "name regexp '[)]'",
    "name collate utf8mb4_bin = _utf8mb4'x'",
]
OF_MYSQL_REFUSED = [
    "store = 1 # all",
    "store = 1 /*! ) union select 1 from (select 1 */",
    "store = 1 /*!50000 or 1 = 1 */",
    "store = 1 /*M!100100 or 1 = 1 */",
    "name = 'a' /*! ; */",
    r"name = 'x\'",
]
OF_SQLITE = [r"name = 'x\'", "[a;b)] = 1", "name glob '[)]*'", "a isnull or b not null", "a == 1 and a <> x'00ff'"]
OF_SQLITE_REFUSED = ["a--1 = 2", "[a = 1", r"name = 'it\'s'"]


@pytest.mark.parametrize("grammar", BOTH, ids=["mysql", "sqlite"])
@pytest.mark.parametrize(("where", "problem"), REFUSED)
def test_what_is_not_one_condition_is_refused(grammar: Grammar, where: str, problem: str) -> None:
    with pytest.raises(UsageError) as error:
        checked(where, grammar)

    assert error.value.message == f"--where is not one condition: {problem}"


@pytest.mark.parametrize(
    ("where", "grammar"),
    [(where, grammar) for where in ACCEPTED for grammar in BOTH]
    + [(where, MYSQL) for where in OF_MYSQL]
    + [(where, SQLITE) for where in OF_SQLITE],
)
def test_a_condition_goes_through_as_it_is(where: str, grammar: Grammar) -> None:
    assert checked(where, grammar) == where


@pytest.mark.parametrize(
    ("where", "grammar"),
    [(where, MYSQL) for where in OF_MYSQL_REFUSED] + [(where, SQLITE) for where in OF_SQLITE_REFUSED],
)
def test_each_database_reads_quotes_and_comments_in_its_way(where: str, grammar: Grammar) -> None:
    with pytest.raises(UsageError):
        checked(where, grammar)


PIECES = [
    "'",
    '"',
    "`",
    "[",
    "]",
    "(",
    ")",
    "--",
    "\n",
    "/*",
    "*/",
    ";",
    " ",
    "1",
    "=",
    "union",
    "select",
    "a",
    "\\",
    "#",
]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_sqlite_never_reads_on_behind_what_is_accepted(where: str) -> None:
    """Two marks around the condition: what gets out of its parentheses would change them, or lose the second."""
    with suppress(UsageError):
        checked(where, SQLITE)
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.execute("create table t (a, b)")
            connection.execute("insert into t values (1, 2)")
            query = f"select 'first' from t where 0 and ({where}) and 0 union all select 'second'"
            with suppress(sqlite3.Error, sqlite3.Warning):
                assert connection.execute(query).fetchall() == [("second",)]

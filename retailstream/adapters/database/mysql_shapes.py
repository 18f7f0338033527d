"""What a server says of the shape of a table, and what it hides from whoever asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymysql.err import MySQLError

from retailstream.adapters.database.mysql_errors import code_of
from retailstream.adapters.database.mysql_types import quoted

if TYPE_CHECKING:
    from retailstream.adapters.database.mysql_server import Session

DENIED = {1142, 1143}
"""What the server says of a table, or a column of it, that the user may not read."""

Shape = tuple[str, str, list[tuple[Any, ...]], tuple[str, ...]]


def described_table(session: Session, table: str) -> Shape:
    """Return a table's database (empty: that of the connection), its name, its columns and those of its key.

    `other.name` is a table of another database, unless the own one has a table of just that name.
    """
    if (rows := _columns(session, "", table)) or "." not in table:
        return "", table, rows, _key(session, "", table)
    schema, _, name = table.partition(".")
    return schema, name, _columns(session, schema, name), _key(session, schema, name)


def denied_column(session: Session, schema: str, table: str) -> str:
    """Say what the server denies of all columns of a table; empty where it denies nothing.

    `information_schema` has only the columns that the user has rights for, and says nothing of the others.
    """
    try:
        session.ask(f"select * from {qualified(schema, table)} limit 0")
    except MySQLError as error:
        if code_of(error) not in DENIED:
            raise
        return str(error.args[-1])
    return ""


def qualified(schema: str, table: str) -> str:
    """Return a table as SQL names it, `` `other`.`table` `` for one of another database."""
    return f"{quoted(schema)}.{quoted(table)}" if schema else quoted(table)


def _columns(session: Session, schema: str, table: str) -> list[tuple[Any, ...]]:
    return session.ask(
        "select column_name, data_type, column_type, numeric_precision, numeric_scale, is_nullable"
        " from information_schema.columns where table_schema = ifnull(nullif(%s, ''), database()) and table_name = %s"
        " order by ordinal_position",
        (schema, table),
    )


def _key(session: Session, schema: str, table: str) -> tuple[str, ...]:
    rows = session.ask(
        "select column_name from information_schema.key_column_usage"
        " where table_schema = ifnull(nullif(%s, ''), database())"
        " and table_name = %s and constraint_name = 'PRIMARY' order by ordinal_position",
        (schema, table),
    )
    return tuple(str(row[0]).lower() for row in rows)

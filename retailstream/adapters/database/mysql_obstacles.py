"""What keeps a table of a MySQL server from being read whole, by its name: a broken view, a value that is too long."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pymysql.err import MySQLError

from retailstream.adapters.database.mysql_errors import code_of
from retailstream.adapters.database.mysql_types import quoted
from retailstream.errors import RetailStreamError
from retailstream.relations import Kind

if TYPE_CHECKING:
    from retailstream.adapters.database.mysql_server import Session
    from retailstream.adapters.database.mysql_types import MySqlDialect
    from retailstream.extracts import Extract
    from retailstream.relations import Field

BROKEN_VIEW: Final = 1356

_READ: Final = re.compile(r"(?:from|join) \(*(?:`((?:[^`]|``)+)`\.)?`((?:[^`]|``)+)`", re.IGNORECASE)


def refuse_broken_view(session: Session, name: str) -> None:
    """Raise RetailStreamError where a name is that of a view whose tables, columns or rights are gone."""
    query = "select 1 from information_schema.views where table_schema = database() and table_name = %s"
    if not session.ask(query, (name,)):
        return
    try:
        session.ask(f"select 1 from {quoted(name)} limit 0")
    except MySQLError as error:
        if code_of(error) != BROKEN_VIEW:
            raise
        gone = _gone(session, name)
        why = f"table '{gone}', which it reads, is missing" if gone else " ".join(str(error.args[-1]).split())
        raise RetailStreamError(
            f"view '{name}' cannot be read: {why}", hint="mend the view in the database, or name another with --table"
        ) from error


def refuse_too_long(session: Session, extract: Extract, dialect: MySqlDialect) -> None:
    """Raise RetailStreamError where a value is longer than the server sends; it would arrive as null."""
    for column in _perhaps_too_long(session, extract):
        name = quoted(column.name)
        key = ", ".join(quoted(each) for each in extract.relation.key) or "'?'"
        query = (
            f"select length({name}), {key} from {extract.source}"
            f" and {name} is not null and {dialect.is_lost(column)} limit 1"
        )
        for size, *values in session.ask(query):
            raise RetailStreamError(
                f"column '{column.name}' of table '{extract.relation.name}' has a value of {size:,} bytes in the row"
                f" {_told(extract.relation.key, values)}, which travels as twice as many: max_allowed_packet of the"
                f" server is {session.limit:,}",
                hint="have max_allowed_packet of the server raised above that, or leave the column out with --columns",
            )


def _perhaps_too_long(session: Session, extract: Extract) -> list[Field]:
    """Return the columns whose type has room for values that are longer than the server sends."""
    query = (
        "select column_name from information_schema.columns where table_schema = database() and table_name = %s"
        " and 2 * character_octet_length + 1 > @@max_allowed_packet"
    )
    wide = {str(name).lower() for (name,) in session.ask(query, (extract.relation.name,))}
    kinds = {Kind.STRING, Kind.BINARY}
    return [column for column in extract.relation.columns if column.kind in kinds and column.name.lower() in wide]


def _gone(session: Session, view: str) -> str | None:
    """Return the first table that a view reads and that is not there; None where there is none, or no right to look."""
    try:
        ((_name, definition, *_more),) = session.ask(f"show create view {quoted(view)}")
        ((here,),) = session.ask("select database()")
    except MySQLError:
        return None
    for database, table in _READ.findall(str(definition)):
        query = "select 1 from information_schema.tables where table_schema = %s and table_name = %s"
        if not session.ask(query, (database or here, table)):
            return f"{database or here}.{table}"
    return None


def _told(key: tuple[str, ...], values: list[object]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in zip(key, values, strict=False)) or "without a key"

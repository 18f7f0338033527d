"""The page of what servers answer and what each answer makes us do, read from the tables that the adapters use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from retailstream.adapters.answers import hadoop, mysql, s3
from retailstream.cli.reference.tables import code, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retailstream.adapters.answers.kinds import Answer

_INTRODUCTION: Final = """\
# What servers answer

What a server says decides how a command goes on and with which code it ends. "Tried again" means within the command,
for as long as the server's own setting says (`retry_seconds` of `database.url` and `warehouse.url`, 30 seconds by
default; half a minute for S3 and HDFS), and never for more than a minute. Whatever ends with 4 is safe to run again.

Where a code alone does not tell, the text beside it does: "with" is what it must have, and rows are read from the top.
"""

_KEPT: Final = """\
Any other code ends with 1 and the server's own words. A run that the database does not take into its ledger is kept in
the home, listed by `runs` all the same, and copied over by the next run that can write there."""

_SECTIONS: Final[tuple[tuple[str, str, tuple[Answer, ...]], ...]] = (
    (
        "MySQL, MariaDB, Aurora and proxies",
        _KEPT,
        mysql.ANSWERS,
    ),
    (
        "S3",
        "A server that refuses connections is tried again. Any other status above 499 ends with 4, any other with 1.",
        s3.ANSWERS,
    ),
    ("HDFS", "By the name of Java's exception. Any other ends with 1.", hadoop.HDFS),
    ("The driver of HDFS", "What it meets itself. Silence for 15 seconds ends with 4.", hadoop.DRIVER),
    (
        "Hive Metastore, over Thrift",
        "By words of its answer. Silence for 45 seconds, and a connection that breaks, end with 4.",
        hadoop.METASTORE,
    ),
    (
        "Hadoop, through HiveServer2, Spark and Apache Sqoop",
        "By words of what they hand on. Silence of HiveServer2 for `read_timeout` (50 seconds) ends with 4.",
        hadoop.THROUGH,
    ),
)


def answers_page() -> str:
    """Return the page: each server with its answers."""
    return _INTRODUCTION + "".join(_section(*section) for section in _SECTIONS)


def _section(title: str, words: str, answers: Sequence[Answer]) -> str:
    rows = [
        (
            ", ".join(code(str(each)) for each in answer.codes)
            + (f" with {code(answer.where)}" if answer.where else ""),
            answer.of,
            answer.means or "in its own words",
            answer.reaction.value,
            "" if answer.reaction.name == "OTHER_WAY" else answer.advice,
        )
        for answer in answers
    ]
    return f"\n## {title}\n\n{words}\n\n{table(('answer', 'of', 'means', 'what we do', 'hint'), rows)}"

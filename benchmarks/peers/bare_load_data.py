"""Bare LOAD DATA LOCAL: ready-made text into an empty keyed table, on one connection, in one transaction.

    python -m benchmarks.peers.bare_load_data HOST PORT USER DATABASE TEXT

The password stands in MYSQL_PWD.
"""

from __future__ import annotations

import os
import sys

import pymysql


def main(host: str, port: str, user: str, database: str, text: str) -> None:
    """Load the text into `sales`."""
    connection = pymysql.connect(
        host=host,
        port=int(port),
        user=user,
        password=os.environ["MYSQL_PWD"].encode(),
        database=database,
        local_infile=True,
        autocommit=True,
    )
    with connection.cursor() as cursor:
        cursor.execute("load data local infile %s into table sales", (text,))


if __name__ == "__main__":
    main(*sys.argv[1:])

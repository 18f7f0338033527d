"""Load sales the way many do: `pandas.to_sql`, a few thousand rows a statement, into a table that is there."""

from __future__ import annotations

import os
import sys

import pandas as pd
from sqlalchemy import create_engine


def main() -> None:
    """Read the text that LOAD DATA would read, and insert it."""
    host, port, user, database, path = sys.argv[1:]
    engine = create_engine(
        f"mysql+pymysql://{user}:@{host}:{port}/{database}", connect_args={"password": os.environ["MYSQL_PWD"].encode()}
    )
    names = ["store", "dept", "date", "weekly_sales", "is_holiday", "customers"]
    sales = pd.read_csv(path, sep="\t", names=names, na_values="\\N", dtype={"weekly_sales": str})
    sales.to_sql("sales", engine, if_exists="append", index=False, method="multi", chunksize=5_000)


if __name__ == "__main__":
    main()

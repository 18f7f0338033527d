"""Load sales with dlt: a resource of Arrow, merged by nothing, into MySQL through SQLAlchemy."""

from __future__ import annotations

import os
import sys
import tempfile
from urllib.parse import quote

import dlt
import pyarrow as pa
from pyarrow import csv


def main() -> None:
    """Read the text that LOAD DATA would read, and load it."""
    host, port, user, database, path = sys.argv[1:]
    names = ["store", "dept", "date", "weekly_sales", "is_holiday", "customers"]
    types = [pa.int32(), pa.int32(), pa.date32(), pa.decimal128(12, 2), pa.int8(), pa.int32()]
    sales = csv.read_csv(
        path,
        read_options=csv.ReadOptions(column_names=names),
        parse_options=csv.ParseOptions(delimiter="\t", quote_char=False),
        convert_options=csv.ConvertOptions(column_types=dict(zip(names, types, strict=True)), null_values=["\\N"]),
    )
    password = quote(os.environ["MYSQL_PWD"], safe="")
    where = dlt.destinations.sqlalchemy(f"mysql+pymysql://{user}:{password}@{host}:{port}/{database}")
    with tempfile.TemporaryDirectory() as folder:
        pipeline = dlt.pipeline("bench", destination=where, dataset_name=database, pipelines_dir=folder)
        pipeline.run([sales], table_name="dlt_sales", write_disposition="append").raise_on_failed_jobs()


if __name__ == "__main__":
    main()

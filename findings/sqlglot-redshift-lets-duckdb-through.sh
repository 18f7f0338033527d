#!/usr/bin/env bash
# sqlglot 30.30.0, duckdb → redshift with unsupported_level=RAISE, on SQL that DuckDB 2.0.0 runs:
# 1. constructs that Redshift does not have (GROUP BY ALL, FILTER, ARG_MAX, ANTI JOIN, GENERATE_SERIES in FROM) come out
#    as they went in, without an error or a warning: RAISE proves nothing about the target.
# 2. `a // b`, exact on 64-bit integers in DuckDB, becomes a division of DOUBLE PRECISION, which has 53 bits:
#    9007199254740993 // 1 is ...993 in DuckDB, and what comes out, run again, says ...992.
# Remedy: a list of constructs of one's own, tested each; casts of both sides to BIGINT and `/` in place of `//`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet 'sqlglot==30.30.0' 'duckdb==2.0.0'
"$folder/env/bin/python" - <<'PYTHON'
import duckdb
import sqlglot

LACKING = {
    "GROUP BY ALL": "select store, sum(sales) from t group by all",
    "FILTER(": "select count(*) filter (where sales > 1) from t",
    "ARG_MAX(": "select arg_max(store, sales) from t",
    "ANTI JOIN": "select store from t anti join u using (store)",
    "GENERATE_SERIES(": "select week from generate_series(1, 5) as g(week)",
}
connection = duckdb.connect()
connection.execute("create table t (store integer, sales integer); create table u (store integer)")


def translated(query):
    connection.execute(query)  # DuckDB takes it
    return sqlglot.transpile(query, read="duckdb", write="redshift", unsupported_level=sqlglot.ErrorLevel.RAISE)[0]


print(f"sqlglot {sqlglot.__version__}, duckdb {duckdb.__version__}")
for construct, query in LACKING.items():
    found = translated(query)
    print(f"{query}\n  => {found}")
    assert construct in found
query = "select 9007199254740993 // 1"
found = translated(query)
exact, lossy = (connection.execute(text).fetchone()[0] for text in (query, found))
print(f"{query} = {exact}\n  => {found} = {lossy}")
assert (exact, lossy) == (9007199254740993, 9007199254740992)
PYTHON

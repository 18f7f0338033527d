#!/usr/bin/env bash
# duckdb 2.0.0, read_csv with all options given (no quote, no escape, no sniffing):
# a blank line is passed over anywhere in a file, but where it stands at the end of the reader's first buffer
# (32,000,000 bytes) the very same records are refused:
#   Not Implemented Error: The Parallel CSV Reader currently does not support a full read on this file.
# With `parallel = false` every record is read. A reader that splits its work must know of blank lines beforehand.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet 'duckdb==2.0.0'
"$folder/env/bin/python" - "$folder" <<'PYTHON'
import sys
from pathlib import Path

import duckdb

OPTIONS = (
    "auto_detect = false, header = true, delim = ',', quote = '', escape = '', "
    "columns = {'store': 'varchar', 'sales': 'varchar'}"
)
BUFFER = 32_000_000
path = Path(sys.argv[1], "weeks.csv")


def read(blank_at, options=OPTIONS):
    """Write lines of 8 bytes, one of them followed by a blank line, and count what DuckDB reads of them."""
    before = blank_at // 8 - 1
    path.write_bytes(b"aaa,bbb\n" + b"123,567\n" * before + b"\n" + b"123,567\n" * 5)
    query = f"select count(*) from read_csv('{path}', {options})"
    try:
        return duckdb.execute(query).fetchone()[0] - (before + 5)
    except duckdb.Error as error:
        return str(error).partition("\n")[0]


elsewhere, at_end, alone = read(BUFFER // 2), read(BUFFER), read(BUFFER, OPTIONS + ", parallel = false")
print(f"duckdb {duckdb.__version__}")
print(f"blank line in the middle of a buffer:  records missing: {elsewhere}")
print(f"blank line at the end of the buffer:   {at_end}")
print(f"the same file with parallel = false:   records missing: {alone}")
assert elsewhere == 0
assert "does not support a full read" in str(at_end)
assert alone == 0
PYTHON

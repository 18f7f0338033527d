"""Bare boto3: every file of a folder into a bucket by `put_object`, a few at a time, as it is and unproved.

python -m benchmarks.peers.bare_boto3 FOLDER BUCKET
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3

AT_ONCE = 4
"""More take longer: Python makes one request at a time."""


def main(folder: str, bucket: str) -> None:
    """Send the files."""
    client = boto3.client("s3", endpoint_url=os.environ["S3_ENDPOINT_URL"])
    files = [path for path in Path(folder).rglob("*") if path.is_file()]

    def send(path: Path) -> None:
        client.put_object(Bucket=bucket, Key=path.relative_to(folder).as_posix(), Body=path.read_bytes())

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(send, files))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""No credential leaves a failing run: not by what it prints, logs or remembers, nor by the list of processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest

from tests.environment import SALES, STORES, csv
from tests.processes import wait_until
from tests.services.faulty import faulty_proxy
from tests.services.mariadb import ENCODED, PASSWORD
from tests.services.s3_server import SECRET
from tests.services.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.environment import Environment
    from tests.services.mariadb import MariaDb
    from tests.services.s3_server import S3Server

WRONG_PASSWORD, WRONG_SECRET = "wr0ng/p@ss", "wr0ng+s3cret/"
SECRETS = sorted(
    {
        form
        for word in (PASSWORD, SECRET, WRONG_PASSWORD, WRONG_SECRET)
        for form in (word, quote(word), quote_plus(word))
    }
    | {ENCODED, quote(WRONG_PASSWORD, safe=""), PASSWORD.encode("unicode_escape").decode()}
)

FAILURES = {
    "nothing": {},
    "another password": {"RETAILSTREAM__DATABASE__URL": "mysql+pymysql://ann:{wrong}@127.0.0.1:{port}/{database}"},
    "a password in a URL that cannot be read": {"RETAILSTREAM__DATABASE__URL": "mysql+pymysql://ann:{wrong}@h:x/y"},
    "an unknown database": {"RETAILSTREAM__DATABASE__URL": "{url}_not_there"},
    "a wrong option": {"RETAILSTREAM__DATABASE__URL": "{url}?what=7"},
    "no server": {"RETAILSTREAM__DATABASE__URL": "mysql+pymysql://ann:{wrong}@127.0.0.1:{free}/x?retry_seconds=1"},
    "a password for SQLite": {"RETAILSTREAM__DATABASE__URL": "postgresql://ann:{wrong}@h/y"},
    "another secret": {"AWS_SECRET_ACCESS_KEY": WRONG_SECRET},
    "another key": {"AWS_ACCESS_KEY_ID": "nobody"},
    "no bucket": {"RETAILSTREAM__LAKE__CLEAN": "s3://not-there"},
    "no endpoint": {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:{free}"},
    "a faulty server": {"AWS_ENDPOINT_URL_S3": "{faulty}"},
    "a gateway that is away": {"RETAILSTREAM__MONITORING__PUSHGATEWAY": "http://ann:{wrong}@127.0.0.1:{free}"},
    "a gateway that refuses": {"RETAILSTREAM__MONITORING__PUSHGATEWAY": "http://ann:{wrong}@{refusing}"},
    "a gateway whose URL cannot be read": {"RETAILSTREAM__MONITORING__PUSHGATEWAY": "http://ann:{wrong}@h:x/y"},
    "a misspelt variable": {"RETAILSTREAM__DATABASE__ULR": "{url}"},
}
"""What is wrong with a run, as variables."""


@pytest.fixture
def variables(
    env: Environment, mariadb: MariaDb, database_name: str, s3: S3Server, request: pytest.FixtureRequest
) -> Iterator[dict[str, str]]:
    env.write({"sales/w.csv": csv(SALES, "1,1,2010-02-05,1.10,FALSE", "x,y,z"), "stores/s.csv": csv(STORES, "1,A,2")})
    url = mariadb.url(database_name)
    with faulty_proxy(s3.endpoint) as proxy:
        proxy.fail("500", "PUT /", 10_000)
        places = {
            "wrong": quote(WRONG_PASSWORD, safe=""),
            "port": mariadb.port,
            "database": database_name,
            "url": url,
            "free": free_port(),
            "faulty": proxy.endpoint,
            "refusing": f"127.0.0.1:{mariadb.port}",  # it speaks, but no HTTP
        }
        wrong = {name: text.format(**places) for name, text in FAILURES[request.param].items()}
        lakes = {f"RETAILSTREAM__LAKE__{name}": f"s3://{s3.new_bucket()}" for name in ("RAW", "CLEAN")}
        lakes["RETAILSTREAM__MONITORING__METRICS_FILE"] = str(env.home / "metrics.prom")
        yield {**os.environ, **lakes, "RETAILSTREAM__DATABASE__URL": url, **wrong}


@pytest.mark.parametrize("variables", FAILURES, indirect=True)
def test_no_credential_leaves_a_run(
    env: Environment, variables: dict[str, str], mariadb: MariaDb, database_name: str
) -> None:
    told: list[str] = []
    program = [sys.executable, "-c", "from retailstream.cli.app import main; main()"]
    commands = (
        ("run", "--source", str(env.source), "--json", "-v", "--log-format", "json"),
        ("load-rds", "-v"),
        ("config", "show"),
        ("doctor",),
        ("runs", "--format", "json"),
        ("monitor", "--json"),
    )
    for words in commands:
        command = [*program, *words, "--home", str(env.home)]
        with subprocess.Popen(
            command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as run:
            told.append(listed(run))
            assert run.stdout is not None
            told.append(run.stdout.read())
    told += [path.read_bytes().decode(errors="replace") for path in env.home.rglob("*") if path.is_file()]
    for (table,) in mariadb.sql("show tables", database_name):
        told.append(str(mariadb.sql(f"select * from `{table}`", database_name)))
    assert sum("retailstream.cli.app" in text for text in told) == len(commands)
    found = [
        (secret, text[max(0, text.find(secret) - 200) :][:400]) for text in told for secret in SECRETS if secret in text
    ]
    assert found == []


def listed(process: subprocess.Popen[str]) -> str:
    """Return the words that the list of processes shows; there are none for the moment in which a process begins."""
    words = Path(f"/proc/{process.pid}/cmdline")
    shown = wait_until(lambda: words.read_text(errors="replace") or process.poll() is not None, every=0)
    assert isinstance(shown, str), "it ended before it was looked at"
    return shown

"""No password of any setting that holds a URL is in anything that any command prints, logs or leaves behind."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from retailstream import settings, wiring
from retailstream.analytics.catalog import use_cases
from retailstream.cli.reference.settings import settings_page
from tests.cli.test_usage import commands
from tests.environment import SALES, copied, csv

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.environment import Environment, Outcome

SECRET = "s3cr3t-w0rd"
NOBODY = "127.0.0.1:1"
"""Where nothing listens."""


def url_settings() -> dict[str, list[str]]:
    """Return every setting whose value may be a URL, with the schemes that the reference names for it."""
    rows = re.findall(r"^\| `([a-z_.]+)` \|(.*)$", settings_page(), re.MULTILINE)
    schemes = {key: re.findall(r"([a-z][a-z0-9+]*)://", told) for key, told in rows}
    words = {"analyze.engine", "sqoop.engine"}  # of which one is to be chosen
    return {
        key: list(dict.fromkeys([*found, "postgresql"])) for key, found in schemes.items() if found and key not in words
    }


def urls(schemes: list[str]) -> Iterator[str]:
    """Yield URLs with the secret at each place that people put theirs."""
    for scheme in schemes:
        yield f"{scheme}://ann:{SECRET}@{NOBODY}/db?retry_seconds=0"
        yield f"{scheme}://ann@corp:{SECRET}@{NOBODY}/db?retry_seconds=0"
        yield f"{scheme}://{NOBODY}/db?retry_seconds=0&password={SECRET}"
    yield f"ann:{SECRET}@{NOBODY}/db"
    yield f"ann@corp:{SECRET}@{NOBODY}/db"
    for slip in ("//", "mysql//", "mysql:///", "mysql:", "mysql:/"):
        yield f"{slip}ann:{SECRET}@{NOBODY}/db"
    yield f"{NOBODY}/db?passwd={SECRET}"
    yield f"ann@{NOBODY}/db?pass={SECRET}"
    yield f"password={SECRET}"
    yield f"postgresql://{NOBODY}/db?passwd={SECRET}"
    yield f"postgresql://{NOBODY}/db?sslmode=x&pwd={SECRET}"
    yield f"postgresql://{NOBODY}/db?access_token={SECRET}"


CASES = [(key, url) for key, schemes in url_settings().items() for url in urls(schemes)]


def words_of(command: tuple[str, ...], env: Environment, folder: Path) -> list[str]:
    """Return a command with what it must be given."""
    source = ["--source", str(env.source)]
    more = {
        ("ingest",): source,
        ("features",): source,
        ("run",): [*source, "--max-rejects", "60%"],
        ("sample",): [str(folder / "sample"), "--stores", "2", "--depts", "2", "--weeks", "2"],
        ("quarantine", "show"): ["0"],
        ("quarantine", "discard"): ["0", "--reason", "x"],
        ("quarantine", "replay"): ["--file", str(folder / "fixed.csv")],
        ("runs", "show"): ["monday"],
        ("analyze", "monthly-sales"): ["--save"],
        ("analyze", "all"): ["--save"],
        ("monitor",): ["--check"],
    }
    return [*command, *more.get(command, [])]


def tried(env: Environment, folder: Path, every: list[tuple[str, ...]]) -> Iterator[tuple[list[str], Outcome]]:
    """Run commands with and without `--json`, with the loudest log, and once with a log for machines."""
    (folder / "fixed.csv").write_text(csv(SALES, "1,2,12/02/2010,5.00,TRUE"))
    for command in every:
        words = [*words_of(command, env, folder), "--metrics-file", str(folder / "retailstream.prom")]
        for more in (["-v"], ["--json", "--log-format", "json"]):
            yield words, env.command(*words, *more)


def left_in(folder: Path) -> Iterator[str]:
    """Yield the files below a folder that hold the secret, or are named so."""
    for path in folder.rglob("*"):
        if SECRET in str(path) or (path.is_file() and SECRET.encode() in path.read_bytes()):
            yield str(path)


def is_kept_secret(env: Environment, folder: Path, every: list[tuple[str, ...]]) -> None:
    for words, outcome in tried(env, folder, every):
        assert SECRET not in outcome.stdout + outcome.stderr, (words, outcome)
    assert list(left_in(folder)) == []


@pytest.fixture
def landed(small: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """A copy of the small environment; what is tried then fails fast."""
    monkeypatch.chdir(tmp_path)
    for name, value in {"AWS_ENDPOINT_URL": f"http://{NOBODY}", "AWS_MAX_ATTEMPTS": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "other")
    return copied(small, tmp_path)


def test_the_settings_that_hold_urls_are_found() -> None:
    known = {"lake.raw", "lake.clean", "features.url", "database.url", "warehouse.url", "hive.metastore"}
    assert known | {"sqoop.hive", "sqoop.staging", "monitoring.pushgateway"} <= set(url_settings())


@pytest.mark.slow
@pytest.mark.parametrize("key", url_settings())
def test_doctor_and_config_show_keep_every_url_secret(
    landed: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv(settings.variable_of(key), f"postgresql://ann:{SECRET}@{NOBODY}/db")
    is_kept_secret(landed, tmp_path, [("config", "show"), ("doctor",), ("load-rds",), ("analyze", "monthly-sales")])


@pytest.mark.parametrize("engine", ["sqoop", "spark"])
def test_doctor_keeps_the_url_of_an_unknown_database_secret(
    landed: Environment, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    monkeypatch.setenv("RETAILSTREAM__DATABASE__URL", f"postgresql://ann:{SECRET}@db/retail")
    monkeypatch.setenv("RETAILSTREAM__SQOOP__ENGINE", engine)
    found = {item["name"]: item["detail"] for item in landed.command("doctor", "--format", "json").document}
    url = "postgresql://ann:***@db/retail"
    assert found["sqoop"] == f"engine '{engine}' reads MySQL and MariaDB, and database.url is {url}"


@pytest.mark.slow
@pytest.mark.parametrize(("key", "url"), CASES, ids=lambda value: value.replace(SECRET, "SECRET"))
def test_every_command_keeps_every_url_secret(
    landed: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, url: str
) -> None:
    monkeypatch.setenv(settings.variable_of(key), url)
    alike = {("analyze", name) for name in use_cases()} - {("analyze", "monthly-sales")}  # one way through the code
    every = [words for words in commands() if words and words not in {("analyze",), ("quarantine",), *alike}]
    is_kept_secret(landed, tmp_path, every)


def test_a_config_file_with_secrets_is_no_leak(landed: Environment, tmp_path: Path) -> None:
    config = tmp_path.parent / f"{tmp_path.name}.toml"
    config.write_text("".join(f"{key} = {json.dumps(f'x://ann:{SECRET}@h/{key}')}\n" for key in url_settings()))
    for words in (["config", "show"], ["config", "show", "--json"]):
        outcome = landed.command(*words, "--config", str(config))
        assert outcome.exit_code == 0, outcome.stderr
        assert SECRET not in outcome.stdout
        assert outcome.stdout.count("x://ann:***@h/") == len(url_settings())


@pytest.mark.parametrize("url", ["hdfs://127.0.0.1:8020/user/ann@corp", "s3://bucket/a:b@c", "file:///srv/a:b@c"])
def test_a_folder_with_an_at_sign_is_no_password(
    landed: Environment, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("retailstream.adapters.lake.hdfs.open_hdfs", lambda place, *_: place)
    monkeypatch.setattr("retailstream.adapters.lake.s3.open_s3", lambda place, *_: place)
    loaded = settings.load(home=landed.home, config=None, flags={})
    assert wiring.open_lake(loaded.settings, url)

"""Each answer that the table of S3's codes has, given by a server over HTTP, to whole commands."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from retailstream.adapters.answers.kinds import Answer, Reaction
from retailstream.adapters.answers.s3 import ANSWERS
from retailstream.adapters.lake import s3_client
from tests.environment import SALES, csv

pytest.importorskip("botocore")

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.environment import Environment, Outcome

STATUS = {"SlowDown": 503, "InternalError": 500, "ServiceUnavailable": 503, "NotImplemented": 501, "NoSuchBucket": 404}
WORDS = {"SignatureDoesNotMatch": "Credential should be scoped to a valid Region, not eu-west-9"}
CODES = {Reaction.AGAIN: 4, Reaction.LATER: 4, Reaction.USER: 2, Reaction.FAILED: 1}


@dataclass
class Scripted:
    """A server that answers every request in one way; without a code, with a status and no body."""

    status: int
    code: str
    said: str
    asked: list[str] = field(default_factory=list)


@contextmanager
def scripted_s3(status: int, code: str, said: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    """A server for the block, as the S3 of every command."""
    scripted = Scripted(status, code, said)

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            scripted.asked.append(self.path)
            told = f"<Error><Code>{code}</Code><Message>{said}</Message></Error>".encode() if code else b""
            self.send_response_only(status)
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        do_GET = do_PUT = do_POST = do_HEAD = _handle  # noqa: N815 -- as the library calls them

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    for name, value in {
        "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{server.server_address[1]}",
        "AWS_ACCESS_KEY_ID": "somebody",
        "AWS_SECRET_ACCESS_KEY": "s3cret",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "RETAILSTREAM__LAKE__RAW": "s3://raw",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(s3_client, "TRIES", 2)
    monkeypatch.setattr(s3_client, "PATIENCE", 0.3)
    monkeypatch.setattr(s3_client, "PAUSES", (0.1,))
    try:
        yield scripted
    finally:
        server.shutdown()
        server.server_close()


def landing(env: Environment) -> Outcome:
    """Return how a command ends that looks into the bucket before all else."""
    env.write({"sales/w.csv": csv(SALES, "1,1,2010-02-05,1.10,FALSE")})
    return env.command("ingest", "--source", str(env.source))


CASES = [
    pytest.param(answer, int(code) if str(code).isdigit() else STATUS.get(str(code), 400), str(code), id=str(code))
    for answer in ANSWERS
    for code in answer.codes
    if answer.reaction is not Reaction.OTHER_WAY
    and code != "301"  # without a body it sends elsewhere, and that is no place
    and not (answer.codes == ("SignatureDoesNotMatch",) and not answer.where)
]


@pytest.mark.parametrize(("answer", "status", "code"), CASES)
def test_each_code_ends_a_command_as_the_table_says(
    env: Environment, monkeypatch: pytest.MonkeyPatch, answer: Answer, status: int, code: str
) -> None:
    said = WORDS.get(code, "the words of the server")
    with scripted_s3(status, "" if code.isdigit() else code, said, monkeypatch) as server:
        outcome = landing(env)
    assert outcome.exit_code == CODES[answer.reaction], outcome.stderr
    assert "s3://raw " in outcome.error
    assert answer.means in outcome.error
    assert f"hint: {answer.advice}" in outcome.stderr
    assert code.isdigit() or (code in outcome.error and said in outcome.error)
    again = len(server.asked) > len(set(server.asked))  # where a bucket is elsewhere, it is asked where
    assert again is (answer.reaction is Reaction.AGAIN), server.asked


@pytest.mark.parametrize(("status", "code", "exit_code"), [(599, "NewInside", 4), (418, "Teapot", 1)])
def test_a_code_that_no_row_has_is_judged_by_its_status(
    env: Environment, monkeypatch: pytest.MonkeyPatch, status: int, code: str, exit_code: int
) -> None:
    with scripted_s3(status, code, "new words", monkeypatch):
        outcome = landing(env)
    assert outcome.exit_code == exit_code, outcome.stderr
    assert "new words" in outcome.error


def test_a_server_that_sends_every_request_elsewhere_is_told_as_that(
    env: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted_s3(301, "", "", monkeypatch):
        outcome = landing(env)
    assert outcome.exit_code == 2
    assert outcome.error == "error: s3://raw refuses us: the server sends every request elsewhere"


@pytest.mark.parametrize(
    ("variable", "value", "error"),
    [
        ("AWS_ENDPOINT_URL_S3", "127.0.0.1:7070", "AWS_ENDPOINT_URL_S3 is no URL of a server"),
        ("AWS_ENDPOINT_URL_S3", "http://", "AWS_ENDPOINT_URL_S3 is no URL of a server"),
        ("AWS_ENDPOINT_URL_S3", "http://h:port", "AWS_ENDPOINT_URL_S3 is no URL of a server"),
        ("AWS_ENDPOINT_URL_S3", "ftp://ann:s3cret@h", "AWS_ENDPOINT_URL_S3 is no URL of a server"),
        ("AWS_ENDPOINT_URL", "minio:9000", "AWS_ENDPOINT_URL is no URL of a server"),
        ("AWS_REGION", "", "AWS_REGION is empty"),
        ("AWS_REGION", "us east", "AWS_REGION is 'us east', which is no region"),
        ("AWS_DEFAULT_REGION", "", "AWS_DEFAULT_REGION is empty"),
        ("AWS_DEFAULT_REGION", "us_east_1", "AWS_DEFAULT_REGION is 'us_east_1', which is no region"),
    ],
)
def test_a_variable_of_aws_that_cannot_be_is_named_by_every_command_and_by_doctor(
    env: Environment, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, error: str
) -> None:
    env.write({"sales/w.csv": csv(SALES, "1,1,2010-02-05,1.10,FALSE")})
    with scripted_s3(500, "", "", monkeypatch) as server:
        monkeypatch.setenv(variable, value)
        for words in (["ingest", "--source", str(env.source)], ["run", "--source", str(env.source)]):
            outcome = env.command(*words)
            assert (outcome.exit_code, outcome.error) == (2, f"error: {error}"), outcome.stderr
            assert "s3cret" not in outcome.stderr
        told = env.command("doctor")
    assert told.exit_code == 1
    assert error in " ".join(told.stdout.split())
    assert not server.asked


def test_an_endpoint_of_a_profile_that_cannot_be_is_a_matter_of_the_configuration(
    env: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = env.source / "aws"
    path.write_text("[default]\nendpoint_url = minio:9000\n")
    with scripted_s3(500, "", "", monkeypatch):
        monkeypatch.delenv("AWS_ENDPOINT_URL_S3")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
        outcome = landing(env)
    assert outcome.exit_code == 2
    assert "the AWS configuration names no server: Invalid endpoint: minio:9000" in outcome.error

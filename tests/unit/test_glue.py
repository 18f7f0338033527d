"""What becomes of a run of a Glue job, whatever Glue says of it; Glue itself is played by botocore's stub."""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

from retailstream.adapters import glue
from retailstream.adapters.glue import GlueJobs, JobRun
from retailstream.aws import glue_job
from retailstream.ledger import begun
from retailstream.reports import summary_of_nothing
from retailstream.settings import load
from retailstream.wiring import open_environment
from tests.environment import SALES, csv

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.environment import Environment

WORDS = ("glue-merge", "--engine", "glue", "--run-id", "r1")


SESSION = boto3.session.Session()
"""One for all tests: it reads what Glue can do only once."""


class Played:
    """Glue, as far as the test says what it answers."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
        client = SESSION.client("glue", region_name="eu-west-1", **keys)
        self.stub = Stubber(client)
        self.stub.activate()
        monkeypatch.setattr(boto3.session.Session, "client", lambda *_words, **_more: client)
        monkeypatch.setattr(glue, "POLL_SECONDS", 0)

    def starts(self) -> None:
        words = {"JobName": "merge", "Arguments": {"--run_id": "r1"}}
        self.stub.add_response("start_job_run", {"JobRunId": "jr_1"}, words)

    def says(self, *states: str, message: str = "") -> None:
        for state in states:
            run = {"JobRunState": state, "ExecutionTime": 7, "ErrorMessage": message}
            self.stub.add_response("get_job_run", {"JobRun": run}, {"JobName": "merge", "RunId": "jr_1"})


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Iterator[Played]:
    monkeypatch.setenv("RETAILSTREAM__ENGINE__GLUE_JOB", "merge")
    played = Played(monkeypatch)
    yield played
    played.stub.assert_no_pending_responses()


def entered(env: Environment, code: int, **changes: Any) -> None:
    """Write down what the job would have written: it has the environment's database, too."""
    with open_environment(env.home, load(home=env.home, config=None, flags={}), create=True) as opened:
        run = opened.memory.enter(begun("r1", "glue-merge", "2026-01-01", "hash"))
        summary = summary_of_nothing("glue-merge", "r1") | {"outputs": ["s3://clean"]} | changes
        opened.memory.close(run.closed(ended_at="2026-01-02", summary=summary, inputs=(), exit_code=code))


def test_a_job_that_succeeds_is_told_as_if_it_had_run_here(env: Environment, played: Played) -> None:
    entered(env, 0, status="ok", rows_in=5, rows_out=5)
    played.starts()
    played.says("STARTING", "WAITING", "RUNNING", "STOPPING", "SUCCEEDED")

    summary = env.stage(*WORDS)

    assert (summary["status"], summary["rows_out"]) == ("ok", 5)
    assert summary["outputs"][0] == "s3://clean"
    assert summary["outputs"][1].endswith(
        "#logsV2:log-groups/log-group/$252Faws-glue$252Fjobs$252Ferror/log-events/jr_1"
    )


@pytest.mark.parametrize(
    ("state", "message", "code"),
    [
        ("FAILED", "JobFailedError: [exit 3] 7 of 9 sales records are rejected", 3),
        ("FAILED", "JobFailedError: [exit 5] run r0 is working on the sales-and-stores", 5),
        ("FAILED", "JobFailedError: [exit 4] database is not available", 4),
        ("FAILED", "JobFailedError: [exit 2] refused", 2),
        ("FAILED", "Command failed with exit code 10", 1),
        ("ERROR", "", 1),
        ("STOPPED", "", 1),
        ("TIMEOUT", "", 4),
        ("EXPIRED", "", 4),
    ],
)
def test_every_other_end_has_its_exit_code_and_names_the_log(
    env: Environment, played: Played, state: str, message: str, code: int
) -> None:
    played.starts()
    played.says("RUNNING", state, message=message)
    error = env.stage(*WORDS, code=code)["error"]
    assert error.startswith(f"Glue job 'merge', run jr_1, ended as {state}: {message or 'no reason given'}")
    assert "(hint: its log: https://eu-west-1.console.aws.amazon.com/" in error


def test_the_figures_of_a_job_that_failed_are_told(env: Environment, played: Played) -> None:
    entered(env, 3, status="failed", error="too many", rows_quarantined=7)
    played.starts()
    played.says("FAILED")
    summary = env.stage(*WORDS, code=3)
    assert (summary["rows_quarantined"], summary["status"]) == (7, "failed")


def test_a_job_that_wrote_into_another_ledger_is_suspicious(env: Environment, played: Played) -> None:
    played.starts()
    played.says("SUCCEEDED")
    assert "the ledger has no entry of it" in env.stage(*WORDS, code=1)["error"]


@pytest.mark.parametrize(
    ("refusal", "code", "said"),
    [
        ("ConcurrentRunsExceededException", 5, "is running already"),
        ("EntityNotFoundException", 2, "check engine.glue_job"),
        ("AccessDeniedException", 2, "refuses job 'merge'"),
        ("InternalServiceException", 4, "does not answer"),
    ],
)
def test_a_job_that_cannot_be_started_says_why(
    env: Environment, played: Played, refusal: str, code: int, said: str
) -> None:
    played.stub.add_client_error("start_job_run", refusal, "because")
    assert said in env.stage(*WORDS, code=code)["error"]


@pytest.mark.parametrize(("interrupt", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("stop", [True, False])
def test_an_interrupt_stops_the_job_where_that_is_asked_for(
    env: Environment, played: Played, monkeypatch: pytest.MonkeyPatch, stop: bool, interrupt: signal.Signals, code: int
) -> None:
    def interrupted(_jobs: GlueJobs, run: JobRun, _tell: object) -> JobRun:
        signal.raise_signal(interrupt)
        return run

    monkeypatch.setattr(GlueJobs, "wait", interrupted)
    played.starts()
    played.says("RUNNING")
    if stop:
        answer = {"SuccessfulSubmissions": [{"JobName": "merge", "JobRunId": "jr_1"}]}
        played.stub.add_response("batch_stop_job_run", answer, {"JobName": "merge", "JobRunIds": ["jr_1"]})
    outcome = env.command(*WORDS, *["--stop-on-interrupt"] * stop)
    assert outcome.exit_code == code
    assert f"run jr_1, {'is stopped' if stop else 'goes on'}" in outcome.stderr


def test_glue_needs_the_name_of_its_job_and_has_no_plan(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "engine.glue_job is not set" in env.stage("glue-merge", "--engine", "glue", code=2)["error"]
    monkeypatch.setenv("RETAILSTREAM__ENGINE__GLUE_JOB", "merge")
    assert "has no plan" in env.stage("glue-merge", "--engine", "glue", "--dry-run", code=2)["error"]
    env.write({"features/f.csv": csv(SALES)})
    words = ["features", "--engine", "glue", "--source", str(env.source)]
    assert "only glue-merge supports --engine glue" in env.stage(*words, code=2)["error"]


@contextmanager
def awsglue(monkeypatch: pytest.MonkeyPatch, found: dict[str, str]) -> Iterator[list[list[str]]]:
    """The package of the cluster, as far as the job uses it."""
    asked: list[list[str]] = []

    def resolved(_argv: list[str], names: list[str]) -> dict[str, str]:
        asked.append(names)
        return found

    utils: Any = ModuleType("awsglue.utils")
    utils.getResolvedOptions = resolved
    monkeypatch.setitem(sys.modules, "awsglue", ModuleType("awsglue"))
    monkeypatch.setitem(sys.modules, "awsglue.utils", utils)
    yield asked


def test_the_job_asks_for_the_arguments_that_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    quality = {"max_rejects": "7", "quality_max_superseded_in_file": "5%"}
    given = {"raw": "s3://r", "clean": "s3://c", "database": "d", "run_id": "r1", **quality}
    words = [
        "--raw",
        "s3://r",
        "--run_id=r1",
        "--max_rejects",
        "7",
        "--quality_max_superseded_in_file=5%",
        "--other",
        "x",
    ]
    with awsglue(monkeypatch, given) as asked:
        found = glue_job.options(["job.py", *words])
    assert asked == [["raw", "clean", "database", "max_rejects", "quality_max_superseded_in_file", "run_id"]]
    assert found == given
    assert glue_job.flags(found) == {
        "lake.raw": "s3://r",
        "lake.clean": "s3://c",
        "database.url": "d",
        "engine.name": "spark",
        "environment": None,
        "quality.max_rejects": "7",
        "quality.max_superseded_in_file": "5%",
    }

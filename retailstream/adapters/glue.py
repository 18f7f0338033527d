"""Runs of a job of AWS Glue: started, waited for and, if asked, stopped."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from retailstream.errors import LockHeldError, RetailStreamError, TransientError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ENDED: Final = {"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR", "EXPIRED"}

POLL_SECONDS: Final = 5.0

REFUSED: Final = {
    "EntityNotFoundException",
    "AccessDeniedException",
    "InvalidInputException",
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "ExpiredTokenException",
}


@dataclass(frozen=True)
class JobRun:
    """A run of a job, as Glue tells of it."""

    job: str
    id: str
    state: str
    seconds: int
    message: str
    region: str

    @property
    def log(self) -> str:
        """Where its log can be read."""
        group = "$252Faws-glue$252Fjobs$252Ferror"
        console = f"https://{self.region}.console.aws.amazon.com/cloudwatch/home?region={self.region}"
        return f"{console}#logsV2:log-groups/log-group/{group}/log-events/{self.id}"


class GlueJobs:
    """The jobs of the account and the region that boto3 finds by itself."""

    def __init__(self) -> None:
        with _mapped("jobs"):
            import boto3  # noqa: PLC0415 -- only this engine needs it
            from botocore.config import Config  # noqa: PLC0415 -- same

            config = Config(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=5, read_timeout=10)
            self._client: Any = boto3.session.Session().client("glue", config=config)

    def start(self, job: str, arguments: Mapping[str, str]) -> JobRun:
        """Start a run; LockHeldError while as many run as may, UsageError where there is no such job."""
        with _mapped(job):
            words = {f"--{name}": value for name, value in arguments.items()}
            started = self._client.start_job_run(JobName=job, Arguments=words)
            return self.run(job, str(started["JobRunId"]))

    def run(self, job: str, run_id: str) -> JobRun:
        """Return a run as it is now."""
        with _mapped(job):
            told = self._client.get_job_run(JobName=job, RunId=run_id)["JobRun"]
        message = " ".join(str(told.get("ErrorMessage", "")).split())
        region = str(self._client.meta.region_name)
        return JobRun(job, run_id, str(told["JobRunState"]), int(told.get("ExecutionTime", 0)), message, region)

    def wait(self, run: JobRun, tell: Callable[[JobRun], None]) -> JobRun:
        """Return a run when it has ended; `tell` hears of it meanwhile."""
        while run.state not in ENDED:
            tell(run)
            time.sleep(POLL_SECONDS)
            run = self.run(run.job, run.id)
        return run

    def stop(self, run: JobRun) -> None:
        """Have a run stopped; it may take a while to end."""
        with _mapped(run.job):
            self._client.batch_stop_job_run(JobName=run.job, JobRunIds=[run.id])


@contextmanager
def _mapped(job: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if told := _ours(error, job):
            raise told from error
        raise


def _ours(error: Exception, job: str) -> RetailStreamError | None:
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError  # noqa: PLC0415

    if isinstance(error, (NoCredentialsError, NoRegionError)):
        return UsageError(f"Glue cannot be asked: {error}", hint="set AWS_PROFILE, or AWS_REGION and credentials")
    if isinstance(error, BotoCoreError):
        return TransientError(f"Glue does not answer: {error}", hint="run the same command again")
    if not isinstance(error, ClientError):
        return None
    code = str(error.response.get("Error", {}).get("Code"))
    if code == "ConcurrentRunsExceededException":
        return LockHeldError(f"Glue job '{job}' is running already", hint="wait until it has ended")
    if code in REFUSED:
        return UsageError(f"Glue refuses job '{job}': {error}", hint="check engine.glue_job and the credentials")
    return TransientError(f"Glue does not answer: {error}", hint="run the same command again")

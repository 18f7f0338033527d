"""Lambda, queues, secrets and CloudFormation for the tests: ministack, on a free loopback port."""

from __future__ import annotations

import os
import signal
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tests.services.servers import INSTALLED, free_port, require, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROGRAM = INSTALLED.parent / "ministack" / "bin" / "ministack"
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}


@dataclass
class AwsServer:
    """One server and its folder."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What boto3 has to find."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    @property
    def log(self) -> str:
        """What the server and its functions have said."""
        return (self.folder / "log").read_text(errors="replace")

    def client(self, service: str) -> Any:
        """Return a client of a service."""
        return boto3.session.Session().client(service, endpoint_url=self.endpoint, **KEYS)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        variables = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(self.port), "TMPDIR": str(self.folder)}
        # Functions inherit the variables of the server, and must not find another one by them.
        others = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [PROGRAM], stdout=log, stderr=log, env={**others, **variables}, start_new_session=True
            )
        wait_for(self.process, self.folder / "log", self._answers)

    def stop(self) -> None:
        """End the server and the functions that it runs."""
        if self.process:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.endpoint}/_ministack/health", timeout=5):
                return True
        except (OSError, urllib.error.URLError):
            return False


@pytest.fixture(scope="session")
def aws_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsServer]:
    """A running server."""
    require(PROGRAM.exists(), "ministack is missing: make services")
    server = AwsServer(tmp_path_factory.mktemp("aws"), free_port())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def aws(aws_server: AwsServer, monkeypatch: pytest.MonkeyPatch) -> AwsServer:
    """The server, as what boto3 finds by itself."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    for name, value in aws_server.environment.items():
        monkeypatch.setenv(name, value)
    return aws_server

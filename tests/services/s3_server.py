"""An S3 server of the tests' own: versitygw over a throwaway folder, on a free loopback port."""

from __future__ import annotations

import os
import subprocess
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.services.faulty import faulty_proxy
from tests.services.servers import free_port, program, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.services.faulty import Faulty

KEY, SECRET = "AKTESTING", "a/s3cret+of=tests"


@dataclass
class S3Server:
    """One server and its folder, which has the certificate of this name and its authority `ca` if it is one with TLS."""

    binary: str
    folder: Path
    port: int
    certificate: str = ""
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return f"{'https' if self.certificate else 'http'}://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What boto3 has to find."""
        return {
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def start(self) -> None:
        """Start the server and wait until it answers."""
        for name in ("data", "versions", "iam"):
            (self.folder / name).mkdir(exist_ok=True)
        command = [self.binary, "--port", f"127.0.0.1:{self.port}", "--region", "us-east-1", "--quiet"]
        command += ["--iam-dir", str(self.folder / "iam")]
        if self.certificate:
            command += [f"--cert={self.folder / self.certificate}.pem", f"--key={self.folder / self.certificate}.key"]
        command += ["posix", "--versioning-dir", str(self.folder / "versions"), str(self.folder / "data")]
        keys = {"ROOT_ACCESS_KEY": KEY, "ROOT_SECRET_KEY": SECRET}
        log = self.folder / "log"
        with log.open("ab") as stream:
            self.process = subprocess.Popen(command, stdout=stream, stderr=stream, env={**os.environ, **keys})
        wait_for(self.process, log, self._answers)

    def stop(self) -> None:
        """End the server."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def client(self) -> Any:
        """Return a client of the administrator, which tries nothing twice."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            verify=str(self.folder / "ca.pem") if self.certificate else None,
            config=Config(retries={"total_max_attempts": 1}),
        )

    def new_bucket(self) -> str:
        """Make a bucket and return its name."""
        name = f"b-{uuid.uuid4().hex[:12]}"
        self.client().create_bucket(Bucket=name)
        return name

    def _answers(self) -> bool:
        try:
            self.client().list_buckets()
        except (BotoCoreError, ClientError):
            return False
        return True


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A running server."""
    server = S3Server(program("versitygw"), tmp_path_factory.mktemp("s3"), free_port())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def s3(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """The server, as what boto3 finds by itself."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    return s3_server


@pytest.fixture
def s3_proxy(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Faulty]:
    """The server, with something between that remembers what was sent, and fails on demand."""
    with faulty_proxy(s3.endpoint) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.endpoint)
        yield proxy


@pytest.fixture
def bucket(s3: S3Server) -> str:
    """An empty bucket."""
    return s3.new_bucket()

"""A real Airflow of the tests: its API, its runs, and whoever is told of failures."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from tests.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PIPELINE = "retailstream_pipeline"
RUN_SECONDS = 600


class Receiver:
    """An address on loopback, and all that was posted to it."""

    def __init__(self) -> None:
        self.posted: list[dict[str, Any]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_words: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def tasks(self, run_id: str) -> list[str]:
        """The tasks of a run that were told to have failed."""
        return sorted(told["task_id"] for told in self.posted if told["run_id"] == run_id)

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()


@dataclass
class Airflow:
    """An Airflow that is up; `folder` is that of its stack."""

    folder: Path
    url: str
    password: str = field(repr=False)
    alerts: Receiver
    token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        login = {"username": "admin", "password": self.password}
        self.token = self._open("POST", "/auth/token", login)["access_token"]

    def api(self, method: str, path: str, body: object = None) -> Any:
        """Ask the API, and again where it says that its database is busy."""
        [answer] = wait_until(lambda: self._answers(method, f"/api/v2{path}", body))
        return answer

    def _answers(self, method: str, path: str, body: object) -> list[Any]:
        try:
            return [self._open(method, path, body)]
        except urllib.error.HTTPError as error:
            if error.code != HTTPStatus.SERVICE_UNAVAILABLE:
                raise
            return []

    def refuses(self, method: str, path: str, body: object) -> str:
        """Ask the API what it refuses as unfit, and return its words."""
        with pytest.raises(urllib.error.HTTPError, match="HTTP Error 4") as caught:
            self.api(method, path, body)
        return caught.value.read().decode()

    def trigger(self, **conf: object) -> Run:
        """Begin a run with these parameters."""
        told = {name: str(value) for name, value in conf.items()}
        found = self.api("POST", f"/dags/{PIPELINE}/dagRuns", {"logical_date": None, "conf": told})
        return Run(self, found["dag_run_id"])

    def runs(self, dag: str = PIPELINE) -> list[dict[str, Any]]:
        """Return all runs of a DAG."""
        found: list[dict[str, Any]] = self.api("GET", f"/dags/{dag}/dagRuns?limit=100")["dag_runs"]
        return found

    def _open(self, method: str, path: str, body: object = None) -> Any:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)


@dataclass(frozen=True)
class Run:
    """One run of the pipeline."""

    airflow: Airflow
    id: str

    @property
    def path(self) -> str:
        return f"/dags/{PIPELINE}/dagRuns/{quote(self.id)}"

    @property
    def state(self) -> str:
        return str(self.airflow.api("GET", self.path)["state"])

    def tasks(self) -> dict[str, dict[str, Any]]:
        """Return the instances of the tasks by name."""
        found = self.airflow.api("GET", f"{self.path}/taskInstances?limit=100")["task_instances"]
        return {task["task_id"]: task for task in found}

    def states(self) -> dict[str, str]:
        """Return the states of the tasks by name."""
        return {name: task["state"] for name, task in self.tasks().items()}

    def ended(self) -> str:
        """Wait until the run has ended, and return its state."""
        wait_until(lambda: self.state in {"success", "failed"}, self.states, seconds=RUN_SECONDS, every=1)
        return self.state

    def summary(self, task: str) -> dict[str, Any]:
        """Return what a task left for others."""
        found = self.airflow.api("GET", f"{self.path}/taskInstances/{task}/xcomEntries/return_value?stringify=false")
        value: dict[str, Any] = found["value"]
        return value

    def log(self, task: str, number: int = 1) -> str:
        """Return the log of a try of a task."""
        found = self.airflow.api("GET", f"{self.path}/taskInstances/{task}/logs/{number}?full_content=true")
        return json.dumps(found["content"])

    def clear(self, task: str) -> None:
        """Have a task, and all that comes after it, run again."""
        body = {"dry_run": False, "dag_run_id": self.id, "task_ids": [task], "include_downstream": True}
        more: Mapping[str, object] = {"only_failed": False, "reset_dag_runs": True}
        self.airflow.api("POST", f"/dags/{PIPELINE}/clearTaskInstances", {**body, **more})

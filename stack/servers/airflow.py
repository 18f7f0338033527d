"""Airflow: API server, scheduler, DAG processor and triggerer, over one SQLite file."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import urllib.request
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from stack.installing import python
from stack.place import CACHE, HOST, ROOT, write_private
from stack.progress import MissingError
from stack.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stack.place import Place

NAME: Final = "airflow"
REQUIREMENT: Final = "apache-airflow==3.3.2 apache-airflow-providers-standard==1.21.0"
PIPELINE: Final = "retailstream_pipeline"
USER: Final = "admin"
API: Final = "airflow-api-server"
PATIENCE: Final = 60
"""Seconds that each of its programs waits while another writes; SQLite's own 5 are too few for a busy machine."""


def install() -> Path:
    """Have Airflow in an environment of its own, and return the folder of its programs."""
    return python(REQUIREMENT, NAME, constraints=ROOT / "airflow" / "constraints.txt")


def _install() -> None:
    install()


def endpoint(place: Place) -> str:
    """Return where the user interface and the API are."""
    return f"http://{HOST}:{place.port(API)}"


def _environment(place: Place) -> Mapping[str, str]:
    home = place.data(NAME)
    settings = {
        "CORE__DAGS_FOLDER": os.environ.get("RETAILSTREAM_DAGS", str(ROOT / "airflow" / "dags")),
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": "4",
        "CORE__AUTH_MANAGER": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
        "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
        "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "CORE__EXECUTION_API_SERVER_URL": f"{endpoint(place)}/execution/",
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{_database(place)}?timeout={PATIENCE}",
        "LOGGING__BASE_LOG_FOLDER": str(place.folder / "log" / "tasks"),
        "API__HOST": HOST,
        "API__PORT": str(place.port(API)),
        "API__BASE_URL": endpoint(place),
        "API__WORKERS": "1",
        "API__SECRET_KEY": place.secret("airflow-api"),
        "API_AUTH__JWT_SECRET": place.secret("airflow-jwt") + place.secret("airflow-jwt-more"),  # 64 bytes for SHA-512
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5",
        "DAG_PROCESSOR__REFRESH_INTERVAL": "5",
        "USAGE_DATA_COLLECTION__ENABLED": "False",
    }
    return {
        "AIRFLOW_HOME": str(home),
        "SPT_NOENV": "1",  # a new title of a process must not wipe out the mark of its stack
        **{f"AIRFLOW__{name}": value for name, value in settings.items()},
        **_of_tasks(place),
    }


def _database(place: Place) -> Path:
    return place.data(NAME) / "airflow.db"


def _of_tasks(place: Place) -> dict[str, str]:
    """Return the variables that tasks find; those of the caller stay as they are."""
    ours = {
        "RETAILSTREAM_CLI": str(ROOT / ".venv" / "bin" / "retailstream"),
        "RETAILSTREAM_HOME": str(place.data("home")),
        "RETAILSTREAM_SOURCE": str(place.folder / "data" / "drop"),
    }
    return {name: os.environ.get(name, value) for name, value in ours.items()}


def _prepare(place: Place) -> None:
    """Make the tables, a password, and a drop to begin with."""
    write_private(place.data(NAME) / "passwords.json", json.dumps({USER: place.secret(NAME)}))
    _run(place, [_program(), "db", "migrate"])
    with closing(sqlite3.connect(_database(place))) as connection:
        connection.execute("pragma journal_mode = wal")  # it stays so; who writes then waits for no reader
    drop = Path(_of_tasks(place)["RETAILSTREAM_SOURCE"])
    if "RETAILSTREAM_SOURCE" not in os.environ and not drop.exists():
        _run(place, [_of_tasks(place)["RETAILSTREAM_CLI"], "sample", str(drop)])


def _run(place: Place, command: list[str]) -> None:
    environment = {**os.environ, **_environment(place)}
    done = subprocess.run(command, env=environment, cwd=place.folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MissingError(f"{' '.join(command[:3])} failed: {(done.stderr or done.stdout).strip()[-1000:]}")


def _program() -> str:
    return str(CACHE / NAME / "bin" / "airflow")


def ask(place: Place, path: str) -> Any:  # noqa: ANN401 -- what the API answers
    """Return the API's answer to the administrator."""
    login = json.dumps({"username": USER, "password": place.secret(NAME)}).encode()
    token = _open(f"{endpoint(place)}/auth/token", {"Content-Type": "application/json"}, login)["access_token"]
    return _open(f"{endpoint(place)}{path}", {"Authorization": f"Bearer {token}"})


def _open(url: str, headers: Mapping[str, str], body: bytes | None = None) -> Any:  # noqa: ANN401 -- same
    with urllib.request.urlopen(urllib.request.Request(url, body, dict(headers)), timeout=60) as answer:  # noqa: S310 -- ours
        return json.load(answer)


def _healthy(place: Place, component: str) -> None:
    health = _open(f"{endpoint(place)}/api/v2/monitor/health", {})[component]
    if health["status"] != "healthy":
        raise ConnectionError(f"its heartbeat is {health['status'] or 'not there'}")


def _part(name: str, *words: str, prepare: Callable[[Place], None], ready: Callable[[Place], object]) -> Server:
    """Return one of Airflow's programs; its log server would listen to everyone, and the logs lie on this machine."""
    return Server(
        f"{NAME}-{name}",
        on_request=True,
        install=_install,
        prepare=prepare,
        command=lambda _place: [_program(), name, *words],
        environment=_environment,
        ready=ready,
        address=lambda place: endpoint(place) if name == "api-server" else "",
        gives=_given if name == "api-server" else lambda _place: {},
    )


def _given(place: Place) -> Mapping[str, str]:
    return {"AIRFLOW_URL": endpoint(place), "AIRFLOW_USER": USER, "AIRFLOW_PASSWORD": place.secret(NAME)}


def _nothing(_place: Place) -> None:
    """Do nothing."""


AIRFLOW: Final[tuple[Server, ...]] = (
    _part("api-server", prepare=_prepare, ready=partial(_healthy, component="metadatabase")),
    _part("scheduler", "--skip-serve-logs", prepare=_nothing, ready=partial(_healthy, component="scheduler")),
    _part("dag-processor", prepare=_nothing, ready=lambda place: ask(place, f"/api/v2/dags/{PIPELINE}")),
    _part("triggerer", "--skip-serve-logs", prepare=_nothing, ready=partial(_healthy, component="triggerer")),
)

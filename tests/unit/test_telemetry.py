"""Figures on their way to a gateway and into a file, and how little may come of it when that fails."""

from __future__ import annotations

import base64
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from retailstream import metrics, telemetry
from retailstream.adapters.metrics.pushgateway import Pushgateway
from retailstream.adapters.metrics.textfile import TextFile
from retailstream.errors import LockHeldError, RetailStreamError
from retailstream.reports import Counts, summary_of_nothing
from retailstream.telemetry import Telemetry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from retailstream.metrics import Sample

GROUP = {"environment": "local", "stage": "sqoop"}
LATER = "2026-01-02T03:04:05.000+00:00"


class Memory:
    """A target that keeps what it is given."""

    address = "memory"

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], dict[str, float]]] = []

    def put(self, group: Mapping[str, str], samples: Sequence[Sample]) -> None:
        self.got.append((dict(group), {sample.metric.name: sample.value for sample in samples}))


class Broken:
    """A target that fails."""

    address = "broken"
    calls = 0

    def put(self, group: Mapping[str, str], samples: Sequence[Sample]) -> None:
        self.calls += 1
        raise RetailStreamError("no room")


@contextmanager
def server(status: int = 202, *, delay: float = 0.0) -> Iterator[tuple[str, list[Any]]]:
    """A web server that keeps requests."""
    requests: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            time.sleep(delay)
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            requests.append((self.command, self.path, dict(self.headers), body))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"because of the weather")

        do_GET = do_POST  # noqa: N815 -- the library's name for it

        def log_message(self, *_words: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        yield f"127.0.0.1:{listening.server_port}", requests
        listening.shutdown()
        thread.join()


def some() -> list[Sample]:
    summary = summary_of_nothing("sqoop", "r") | {"seconds": 1.5, "datasets": {"sales": Counts(rows_in=7).as_dict()}}
    return list(metrics.of_run(summary, 0, ended_at=LATER, usual=2.0))


def told(path: Path) -> dict[tuple[str, str, str], float]:
    """Return the samples of a file by name, environment and stage."""
    return {
        (sample.name, sample.labels["environment"], sample.labels["stage"]): sample.value
        for family in text_string_to_metric_families(path.read_text())
        for sample in family.samples
    }


def test_a_run_is_told_with_every_figure_and_success_only_where_it_was_one() -> None:
    values = {sample.metric.name: (sample.value, sample.labels) for sample in some()}
    assert values["retailstream_last_run_timestamp_seconds"] == (1767323045.0, ())
    assert values["retailstream_last_success_timestamp_seconds"] == (1767323045.0, ())
    assert values["retailstream_last_run_exit_code"] == (0.0, ())
    assert values["retailstream_last_run_duration_seconds"] == (1.5, ())
    assert values["retailstream_usual_duration_seconds"] == (2.0, ())
    assert values["retailstream_last_run_rows_in"] == (7.0, ("sales",))
    assert {f"retailstream_last_run_{key}" for key in Counts().as_dict() if key != "bytes"} < set(values)

    failed = {sample.metric for sample in metrics.of_run(summary_of_nothing("sqoop", "r"), 3, ended_at=LATER)}
    assert metrics.LAST_RUN in failed
    assert metrics.LAST_SUCCESS not in failed


def test_names_are_gauges_in_base_units_and_no_label_is_a_run() -> None:
    names = [metric.name for metric in metrics.CATALOGUE]
    assert len(names) == len(set(names))
    for metric in metrics.CATALOGUE:
        assert metric.name.startswith("retailstream_")
        assert not metric.name.endswith(("_total", "_count", "_sum", "_milliseconds", "_days", "_percent"))
        assert metric.meaning.endswith(".")
        assert not {"run_id", "run", "id", "file", *metrics.GROUP} & set(metric.labels)


def test_nobody_asks_for_figures_where_nobody_listens() -> None:
    nobody = Telemetry("local", [])
    nobody.tell("sqoop", lambda: pytest.fail("computed for nobody"))
    assert nobody.wanted is False


def test_a_target_that_fails_is_a_warning_once_and_others_are_told(caplog: pytest.LogCaptureFixture) -> None:
    broken, memory = Broken(), Memory()
    both = Telemetry("local", [broken, memory])
    with caplog.at_level(logging.WARNING, logger="retailstream"):
        both.tell("ingest", some)
        both.tell("sqoop", some)
    assert [group["stage"] for group, _values in memory.got] == ["ingest", "sqoop"]
    assert broken.calls == 1
    assert [record.getMessage() for record in caplog.records] == ["the metrics of ingest did not reach broken: no room"]


def test_figures_that_cannot_be_computed_are_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    memory = Memory()
    Telemetry("local", [memory]).tell("sqoop", lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    assert memory.got == []
    assert "cannot compute metrics for stage sqoop: ZeroDivisionError" in caplog.text


def test_a_target_that_hangs_is_left_alone_after_a_while(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Hanging:
        address = "hanging"

        def put(self, group: Mapping[str, str], samples: Sequence[Sample]) -> None:
            gone.wait(60)

    gone = threading.Event()
    monkeypatch.setattr(telemetry, "PATIENCE", 0.2)
    hanging = Telemetry("local", [Hanging()])
    began = time.monotonic()
    hanging.tell("ingest", some)
    hanging.tell("sqoop", some)
    assert time.monotonic() - began < 20
    assert "did not reach hanging: no answer within 0.2 seconds" in caplog.text
    gone.set()


@pytest.mark.parametrize(
    ("error", "code"), [(RetailStreamError("x"), 1), (LockHeldError("x"), 5), (KeyboardInterrupt(), 130)]
)
def test_a_command_tells_how_its_block_ended(error: BaseException, code: int) -> None:
    memory = Memory()
    told_to = Telemetry("local", [memory])
    with told_to.command("forecast") as figures:
        figures.append(metrics.ANSWER_ROWS.of(3, "forecast"))
    with pytest.raises(type(error)), told_to.command("forecast"):
        raise error
    (_, well), (_, badly) = memory.got
    assert (well["retailstream_last_run_exit_code"], well["retailstream_answer_rows"]) == (0, 3)
    assert badly["retailstream_last_run_exit_code"] == code
    assert "retailstream_last_success_timestamp_seconds" not in badly


def test_an_error_that_a_ledger_told_of_is_not_told_again_and_a_reader_who_left_is_no_error() -> None:
    memory = Memory()
    told_to = Telemetry("local", [memory])
    known = RetailStreamError("x")
    known.summary = {"stage": "ingest"}  # type: ignore[attr-defined]
    for error in (known, BrokenPipeError()):
        with pytest.raises(type(error)), told_to.early_failures("ingest"):
            raise error
    assert memory.got == []


def test_a_push_adds_to_its_group_with_what_any_name_needs() -> None:
    with server() as (address, requests):
        Pushgateway(f"http://{address}/").put({"environment": "a/b c", "stage": "load-rds"}, some())
    ((method, path, headers, body),) = requests
    assert method == "POST"
    encoded = base64.urlsafe_b64encode(b"a/b c").decode()
    assert path == f"/metrics/job/retailstream/environment@base64/{encoded}/stage/load-rds"
    assert "Authorization" not in headers
    assert "# TYPE retailstream_last_run_exit_code gauge" in body
    assert 'retailstream_last_run_rows_in{dataset="sales"} 7.0' in body
    assert "environment" not in body


@pytest.mark.parametrize("password", ["s3cret", "p%40ss%3A%2F", "p@ss:/#?"])
def test_credentials_go_into_a_header_and_nowhere_else(password: str) -> None:
    with server() as (address, requests):
        gateway = Pushgateway(f"http://ann:{password}@{address}")
        gateway.put(GROUP, some())
        gateway.check()
    for _method, path, headers, body in requests:
        decoded = base64.b64decode(headers["Authorization"].removeprefix("Basic ")).decode()
        assert decoded == {"s3cret": "ann:s3cret"}.get(password, "ann:" + ("p@ss:/" if "%" in password else "p@ss:/#?"))
        assert "ann" not in path + body
    assert gateway.address == f"http://{address}"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://127.0.0.1:1", "Connection refused"),
        ("127.0.0.1:1", "Connection refused"),
        ("http://ann:s3cret@127.0.0.1:port", "nonnumeric port"),
        ("http://ann:s3cret@no.such.host.invalid:9091", "not known|failure in name resolution|No address"),
        ("gopher://ann:s3cret@127.0.0.1:1", "."),
        ("http://", "."),
        ("http://ann:s3cret@[::1", "."),
    ],
)
def test_a_gateway_that_is_not_there_is_our_error_without_credentials(url: str, told: str) -> None:
    with pytest.raises(RetailStreamError, match=told) as caught:
        Pushgateway(url).put(GROUP, some())
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("status", [400, 401, 500])
def test_a_gateway_that_refuses_is_our_error_with_its_reason(status: int) -> None:
    with server(status) as (address, _requests), pytest.raises(RetailStreamError, match=f"{status} .*weather"):
        Pushgateway(f"http://ann:s3cret@{address}").put(GROUP, some())


def test_a_file_keeps_other_stages_and_what_is_not_told_anew(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "retailstream.prom"
    file = TextFile(str(path))
    file.put({"environment": "local", "stage": "ingest"}, some())
    file.put(GROUP, some())
    file.put({"environment": "other", "stage": "sqoop"}, some())
    summary = summary_of_nothing("sqoop", "r") | {"datasets": {"stores": Counts(rows_in=9).as_dict()}}
    file.put(GROUP, list(metrics.of_run(summary, 4, ended_at="2026-02-02T00:00:00+00:00")))

    found = told(path)
    codes = {key[1:]: value for key, value in found.items() if key[0] == "retailstream_last_run_exit_code"}
    assert codes == {("local", "ingest"): 0, ("local", "sqoop"): 4, ("other", "sqoop"): 0}
    assert found["retailstream_last_success_timestamp_seconds", "local", "sqoop"] == 1767323045.0
    rows = [line for line in path.read_text().splitlines() if line.startswith("retailstream_last_run_rows_in{")]
    assert 'retailstream_last_run_rows_in{dataset="stores",environment="local",stage="sqoop"} 9.0' in rows
    assert not [line for line in rows if 'dataset="sales",environment="local",stage="sqoop"' in line]
    assert [child.name for child in path.parent.iterdir() if not child.name.startswith(".")] == ["retailstream.prom"]
    assert path.stat().st_mode & 0o044  # node_exporter is another user


def test_a_file_loses_nothing_where_many_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "x.prom"
    stages = [f"stage{number}" for number in range(12)]
    with ThreadPoolExecutor(max_workers=6) as pool:
        list(pool.map(lambda stage: TextFile(str(path)).put(GROUP | {"stage": stage}, some()), stages))
    assert {stage for _name, _environment, stage in told(path)} == set(stages)


def test_a_file_that_is_something_else_stays(tmp_path: Path) -> None:
    path = tmp_path / "novel.txt"
    path.write_text("Call me Ishmael.\n")
    with pytest.raises(RetailStreamError, match="no file of metrics"):
        TextFile(str(path)).put(GROUP, some())
    assert path.read_text() == "Call me Ishmael.\n"


def test_a_place_that_cannot_be_written_is_our_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RetailStreamError, match=r"Not a directory|File exists"):
        TextFile(str(tmp_path / "file" / "x.prom")).put(GROUP, some())
    with pytest.raises(RetailStreamError, match="exists and is no file"):
        TextFile(str(tmp_path)).put(GROUP, some())

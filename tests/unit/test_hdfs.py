"""Calls of HDFS, before a driver of the tests' own: one that is missing, silent, panics, or fails for a while."""

from __future__ import annotations

import sys
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Never

import pytest

from retailstream.adapters.lake import hdfs_calls
from retailstream.adapters.lake.hdfs import open_hdfs
from retailstream.adapters.lake.hdfs_calls import SilentError, answer, tries
from retailstream.adapters.lake.hdfs_files import Cluster
from retailstream.errors import RetailStreamError, TransientError, UsageError
from retailstream.settings import Settings
from retailstream.wiring import open_lake

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

URL = "hdfs://there:8020/x"


def raising(error: BaseException) -> Callable[[], Never]:
    def call() -> Never:
        raise error

    return call


def test_without_the_driver_it_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "hdfs_native", None)
    with pytest.raises(UsageError, match="need the package hdfs-native") as caught:
        open_hdfs("there:8020/x", tmp_path, Cluster()).read("k")
    assert caught.value.hint == "pip install 'retailstream[hdfs]'"


def test_settings_reach_the_driver(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made: list[tuple[object, ...]] = []

    def client(*words: object, **kerberos: object) -> Never:
        made.append((*words, kerberos))
        raise FileNotFoundError

    monkeypatch.setitem(sys.modules, "hdfs_native", SimpleNamespace(Client=client))
    hdfs = {"conf": "/etc/hadoop", "principal": "ann@X", "keytab": "/a/key"}
    settings = Settings.model_validate({"hdfs": hdfs, "lake": {"copies": str(tmp_path)}})
    for url in ("hdfs://there:8020/x", "hdfs:///x"):
        lake = open_lake(settings, url)
        assert lake.url == url
        assert lake.read("k") is None
    kerberos = {"kerberos_principal": "ann@X", "kerberos_keytab": "/a/key"}
    common = (hdfs_calls.OPTIONS, "/etc/hadoop", kerberos)
    assert made == [("hdfs://there:8020", *common), (None, *common)]


@pytest.mark.parametrize("given", [b"", b"half"])
def test_a_file_of_which_not_all_bytes_come_is_no_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: bytes
) -> None:
    """Another program holds it open: the NameNode knows its length, and the driver leaves its last block out."""

    class Client:
        def __init__(self, *_words: object, **_more: object) -> None: ...

        def get_file_info(self, _path: str) -> object:
            return SimpleNamespace(isdir=False, length=8, modification_time=1)

        def read(self, _path: str) -> object:
            packets = [given] if given else []
            return type("Reader", (), {"__len__": lambda _: 8, "read_range_stream": lambda *_: iter(packets)})()

    monkeypatch.setitem(sys.modules, "hdfs_native", SimpleNamespace(Client=Client))
    monkeypatch.setattr(hdfs_calls, "TRYING", 0)
    lake = open_hdfs("there:8020/x", tmp_path / "copies", Cluster())
    told = f"hdfs://there:8020/x gave {len(given)} of the 8 bytes of '/x/k': another program has it open for writing"

    for ask in (lake.fetch, lake.read):
        with pytest.raises(TransientError) as caught:
            ask("k")
        assert caught.value.message == told
    assert [path for path in (tmp_path / "copies").rglob("*") if path.is_file()] == []


def test_a_driver_that_is_silent_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hdfs_calls, "SILENCE", 0.01)
    for_ever = threading.Event()
    with pytest.raises(SilentError, match=r"is not available: no answer for 0.01 seconds"):
        answer(URL, for_ever.wait)
    for_ever.set()


def test_a_driver_that_panics_ends_as_an_error_of_ours() -> None:
    class PanicException(BaseException):
        pass

    with pytest.raises(RetailStreamError, match=f"{URL} failed: there is no reactor running"):
        answer(URL, raising(PanicException("there is no reactor running")))


def tried(call: Callable[[], str]) -> str:
    for attempt in tries():
        with attempt:
            return answer(URL, call)
    raise AssertionError


def test_what_passes_is_tried_again() -> None:
    outcomes: list[BaseException | None] = [OSError("reset"), RuntimeError('DataTransferError("x")'), None]

    def call() -> str:
        if error := outcomes.pop(0):
            raise error
        return "done"

    assert tried(call) == "done"
    assert outcomes == []


@pytest.mark.parametrize(
    ("error", "kind", "more_than"),
    [(OSError("refused"), TransientError, 1), (RuntimeError('InvalidArgument("x")'), UsageError, 0)],
)
def test_what_does_not_pass_is_told(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, kind: type[RetailStreamError], more_than: int
) -> None:
    monkeypatch.setattr(hdfs_calls, "TRYING", 0.5)
    times = []

    def call() -> str:
        times.append(1)
        raise error

    with pytest.raises(kind):
        tried(call)
    assert len(times) > more_than
    assert bool(more_than) == (len(times) > 1)

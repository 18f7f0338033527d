"""Whom files are for, and what is refused as a place to write to."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from retailstream.cli.app import app
from tests.environment import FEATURES, SALES, STORES, Outcome, csv

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.environment import Environment

FEATURE = "1,05/02/2010,42.31,2.572,NA,NA,NA,NA,NA,211.0963582,8.106,FALSE"
DROP = {
    "sales/a.csv": csv(SALES, "1,1,05/02/2010,10.50,0"),
    "stores/s.csv": csv(STORES, "1,A,5"),
    "features/f.csv": csv(FEATURES, FEATURE),
}


@pytest.fixture(autouse=True)
def own_umask() -> Iterator[None]:
    """The umask of most systems, and afterwards the one that was."""
    before = os.umask(0o022)
    yield
    assert os.umask(before) == 0o022


def modes(folder: Path) -> dict[str, set[int]]:
    """Return the modes of folders and of files, the folder itself included."""
    places = [folder, *folder.rglob("*")]
    return {
        "folders": {stat.S_IMODE(place.stat().st_mode) for place in places if place.is_dir()},
        "files": {stat.S_IMODE(place.stat().st_mode) for place in places if place.is_file()},
    }


@pytest.mark.slow
def test_a_home_is_its_owners_alone(env: Environment) -> None:
    env.write(DROP)

    env.run()
    env.command("analyze", "monthly-sales", "--save")

    assert modes(env.home) == {"folders": {0o700}, "files": {0o600}}


@pytest.mark.slow
def test_a_group_can_be_let_in_and_write(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETAILSTREAM__ACCESS", "group")
    env.write(DROP)

    env.run()

    assert modes(env.home) == {"folders": {0o770}, "files": {0o660}}


@pytest.mark.slow
def test_the_umask_of_the_process_may_decide(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETAILSTREAM__ACCESS", "umask")
    env.write(DROP)

    env.run()

    assert modes(env.home) == {"folders": {0o755}, "files": {0o644}}


@pytest.mark.slow
def test_what_a_user_asks_for_is_for_whom_the_user_lets(env: Environment, tmp_path: Path) -> None:
    env.write(DROP)
    env.run("--metrics-file", str(tmp_path / "retailstream.prom"))

    env.command("analyze", "monthly-sales", "--output", str(tmp_path / "a.csv"))
    env.command("analyze", "monthly-sales", "--output", str(tmp_path / "a.parquet"))

    for name in ("retailstream.prom", "a.csv", "a.parquet"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o644, name


def test_a_home_that_others_may_read_is_told_and_left(env: Environment) -> None:
    env.home.mkdir(mode=0o755)

    findings = {found["name"]: found["detail"] for found in env.command("doctor", "--format", "json").document}

    assert findings["home"].endswith(f", which others may read: chmod -R go= {env.home}")
    assert stat.S_IMODE(env.home.stat().st_mode) == 0o755
    env.home.chmod(0o700)
    findings = {found["name"]: found["detail"] for found in env.command("doctor", "--format", "json").document}
    assert findings["home"] == str(env.home)


@pytest.fixture(params=["device", "fifo", "folder"])
def no_file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """What exists and is no file; a link to a device stands for the device, so that nothing can harm it."""
    path = tmp_path / "place.prom"
    if request.param == "device":
        path.symlink_to("/dev/null")
    elif request.param == "fifo":
        os.mkfifo(path)
    else:
        path.mkdir()
    return path


WRITERS = {
    "--metrics-file": ("run", "--metrics-file", "{}"),
    "--output": ("analyze", "monthly-sales", "--output", "{}", "--format", "csv"),
    "forecast --output": ("forecast", "--output", "{}", "--format", "csv"),
}


@pytest.mark.parametrize("words", WRITERS.values(), ids=WRITERS)
def test_what_is_no_file_is_refused(env: Environment, no_file: Path, words: tuple[str, ...]) -> None:
    before = no_file.lstat()

    outcome = env.command(*(word.format(no_file) for word in words))

    assert outcome.exit_code == 2
    assert outcome.error.endswith(f"{no_file} exists and is no file")
    assert (no_file.lstat().st_mode, no_file.lstat().st_ino) == (before.st_mode, before.st_ino)


@pytest.mark.slow
@pytest.mark.parametrize("setting", ["MONITORING__METRICS_FILE", "DATABASE__URL"])
def test_a_setting_that_names_no_file_is_refused(
    env: Environment, no_file: Path, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    monkeypatch.setenv(f"RETAILSTREAM__{setting}", f"{'sqlite:///' * setting.startswith('DATA')}{no_file}")
    env.write(DROP)

    outcome = env.command("run", "--source", str(env.source))

    assert outcome.exit_code == 2
    assert outcome.error == f"error: {setting.lower().replace('__', '.')} {no_file} exists and is no file"


def test_pictures_and_pages_are_files_and_folders(env: Environment, tmp_path: Path) -> None:
    (tmp_path / "chart.svg").mkdir()
    (tmp_path / "report").symlink_to("/dev/null")
    os.mkfifo(tmp_path / "pipe")

    chart = env.command("analyze", "monthly-sales", "--chart", str(tmp_path / "chart.svg"))
    report = env.command("analyze", "all", "--report", str(tmp_path / "report"))
    within = env.command("analyze", "all", "--output", str(tmp_path / "pipe" / "deep"))
    run = env.command("run", "--source", str(env.source), "--report", str(tmp_path / "pipe"))

    assert chart.error == f"error: --chart {tmp_path}/chart.svg exists and is no file"
    assert report.error == f"error: --report {tmp_path}/report is no folder"
    assert within.error == f"error: {tmp_path}/pipe, which --output {tmp_path}/pipe/deep lies in, is no folder"
    assert run.error == f"error: --report {tmp_path}/pipe is no folder"
    assert {found.exit_code for found in (chart, report, within, run)} == {2}
    assert not env.home.exists()


COMMANDS = {
    "run": ("run", "--source", "{}"),
    "ingest": ("ingest", "--source", "{}", "--dry-run"),
    "load-rds": ("load-rds",),
    "monitor": ("monitor",),
    "analyze": ("analyze", "monthly-sales"),
    "verify": ("verify", "--deep"),
    "repair": ("repair", "--source", "{}"),
    "backup": ("backup", "{}/../whole.tar"),
    "restore": ("restore", "{}/../none.tar"),
    "quarantine": ("quarantine", "list"),
    "runs": ("runs",),
}
PLACES = {
    "lake.raw": "file://",
    "lake.clean": "file://",
    "features.url": "",
    "warehouse.url": "file://",
    "lake.copies": "",
    "RETAILSTREAM_HOME": "",
}


@pytest.fixture(params=["file", "below", "link"])
def no_folder(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str]:
    """A path at which no folder can be made, and the sentence that says why; `NAME` is what names the path."""
    path = tmp_path / "place"
    if request.param == "link":
        path.symlink_to(tmp_path / "nowhere")
        return path, f"error: NAME {path} is a link that leads nowhere"
    path.write_text("no folder")
    if request.param == "file":
        return path, f"error: NAME {path} is no folder"
    return path / "a" / "b", f"error: {path}, which NAME {path / 'a' / 'b'} lies in, is no folder"


@pytest.mark.parametrize("place", PLACES)
def test_what_can_be_no_folder_is_refused_by_every_command(
    env: Environment, no_folder: tuple[Path, str], monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    env.write(DROP)
    path, sentence = no_folder
    variable = place if place.isupper() else f"RETAILSTREAM__{place.upper().replace('.', '__')}"
    monkeypatch.setenv(variable, f"{PLACES[place]}{path}")
    options = [] if place.isupper() else env.options

    for words in COMMANDS.values():
        outcome = bare(*(word.format(env.source) for word in words), *options)
        assert (outcome.exit_code, outcome.error) == (2, sentence.replace("NAME", place)), words

    doctor = bare("doctor", "--format", "json", *options)
    assert doctor.exit_code == 1
    told = " ".join(found["detail"] for found in doctor.document)
    assert sentence.replace("NAME", "the home" if place.isupper() else place).removeprefix("error: ") in told
    assert "Error" not in told
    assert not env.home.exists()


def bare(*words: str) -> Outcome:
    """Run a command line of which these are all the words."""
    result = CliRunner().invoke(app, words)
    assert isinstance(result.exception, SystemExit | None), result.exception
    return Outcome(result.exit_code, result.stdout, result.stderr)


@pytest.mark.parametrize("folder", ["work", "locks"])
def test_a_folder_of_the_home_that_is_a_file_is_refused(env: Environment, folder: str) -> None:
    env.write(DROP)
    env.home.mkdir(mode=0o700)
    (env.home / folder).write_text("no folder")

    outcome = env.command("run", "--source", str(env.source))

    assert outcome.exit_code == 2
    assert outcome.error == f"error: the home's folder {env.home / folder} is no folder"


@pytest.mark.parametrize(
    ("name", "words"),
    {
        "--output": ("analyze", "monthly-sales", "--output", "{}", "--format", "csv"),
        "--chart": ("analyze", "monthly-sales", "--chart", "{}"),
        "forecast": ("forecast", "--output", "{}", "--format", "csv"),
        "--report": ("run", "--report", "{}"),
        "the backup": ("backup", "{}"),
        "the sample's folder": ("sample", "{}"),
        "monitoring.metrics_file": ("runs", "--metrics-file", "{}"),
    }.items(),
)
def test_what_would_lie_below_a_file_is_refused(
    env: Environment, tmp_path: Path, name: str, words: tuple[str, ...]
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    path = blocked / "deep" / "x.svg"

    outcome = env.command(*(word.format(path) for word in words))

    assert outcome.exit_code == 2
    named = "--output" if name == "forecast" else name
    assert outcome.error == f"error: {blocked}, which {named} {path} lies in, is no folder"

"""What lands, what does not, and in which order; a landing that was stopped is completed as it was begun."""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from retailstream import source_files
from retailstream.adapters.lake.folder import FolderLake
from retailstream.adapters.state.sqlite import SqliteState, open_sqlite_state, set_up
from retailstream.errors import RetailStreamError
from retailstream.hashing import sha256
from retailstream.landing import RawStore, land
from retailstream.landings import LandingLog, Scope
from retailstream.source_files import SourceFile, hashed, scan, unchanged
from tests.environment import FEATURES, SALES, STORES, Environment, csv, gzipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

JUNK = b"\0\xff no table at all \r\n\n"


def ingest(env: Environment, *words: str) -> tuple[dict[str, bytes], str]:
    """Return the raw bucket after a landing, and what was said of it."""
    outcome = env.command("ingest", "--source", str(env.source), *words)
    assert outcome.exit_code == 0, outcome.stderr
    return {name.removeprefix("lake/raw/"): data for name, data in env.files("lake/raw").items()}, outcome.stderr


def test_bytes_land_as_they_are_and_nothing_is_judged(env: Environment) -> None:
    contents = {
        "sales/a.csv": JUNK,
        "sales/b.csv.gz": gzipped(JUNK),
        "sales/c.csv.gz": JUNK + b"no gzip either",
        "sales/UPPER.CSV": b"",
        "sales/year/week/d.csv": csv(SALES, "x").encode(),
        "stores/e.csv": b"\xef\xbb\xbf" + csv(STORES).encode(),
    }
    env.write(contents)

    landed, said = ingest(env)

    assert landed == {name.replace("/", "/landing-000001/", 1): data for name, data in contents.items()}
    assert said == ""
    assert env.quarantine() == []


def test_figures_are_files_and_bytes(env: Environment) -> None:
    env.write({"sales/a.csv": b"12345", "sales/b.csv": b"123", "stores/s.csv": b"1", "features/f.csv": b"1"})
    env.stage("ingest", "--source", str(env.source))
    env.write({"sales/c.csv": b"1234567"})

    summary = env.stage("ingest", "--source", str(env.source))

    figures = {name: value for name, value in summary["datasets"]["sales"].items() if value}
    assert figures == {"files_in": 3, "files_new": 1, "bytes": 7}
    assert (summary["files_in"], summary["files_new"], summary["bytes"], summary["rows_in"]) == (4, 1, 7, 0)
    assert summary["outputs"] == [(env.home / "lake" / "raw").as_uri()]


def test_files_that_are_no_data_are_passed_over(env: Environment) -> None:
    env.write(
        {
            "sales/good.csv": b"1",
            "sales/notes.txt": b"1",
            "sales/week.csv.zip": b"1",
            "sales/.hidden.csv": b"1",
            "sales/.trash/old.csv": b"1",
            "sales/.DS_Store": b"1",
            "sales/._week.csv": b"1",
            "sales/week.csv~": b"1",
            "loose.csv": b"1",
            "prices/a.csv": b"1",
            "sales/new\nline.csv": b"1",
            "features/f.csv": b"1",
            "features/readme": b"1",
        }
    )
    (env.source / "sales" / "folder.csv").mkdir()

    landed, said = ingest(env)

    assert list(landed) == ["sales/landing-000001/good.csv"]
    assert said.splitlines() == [
        "WARNING: ingest: 'loose.csv' is ignored: it lies in none of the folders features, sales, stores",
        "WARNING: ingest: 'prices/a.csv' is ignored: it lies in none of the folders features, sales, stores",
        "WARNING: ingest: 'sales/.hidden.csv' is ignored: it is hidden",
        "WARNING: ingest: 'sales/.trash' is ignored: it is hidden",
        "WARNING: ingest: 'sales/new\\nline.csv' is ignored: its name cannot be written as text",
        "WARNING: ingest: 'sales/notes.txt' is ignored: only .csv and .csv.gz files are read",
        "WARNING: ingest: 'sales/week.csv.zip' is ignored: only .csv and .csv.gz files are read",
    ]
    features = env.command("features", "--source", str(env.source)).stderr
    assert "'features/readme' is ignored" in features
    assert "loose.csv" not in features


def test_a_name_that_is_no_utf8_is_passed_over(env: Environment) -> None:
    env.write({"sales/good.csv": b"1"})
    try:
        (env.source / "sales" / os.fsdecode(b"caf\xe9.csv")).write_bytes(b"1")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")

    landed, said = ingest(env)

    assert list(landed) == ["sales/landing-000001/good.csv"]
    assert "'sales/caf\\udce9.csv' is ignored: its name cannot be written as text" in said


@pytest.mark.parametrize("stage", ["ingest", "features", "run"])
def test_a_source_that_is_not_there_is_a_usage_error_with_a_hint(env: Environment, stage: str) -> None:
    nowhere = env.source / "nowhere"

    error = env.stage(stage, "--source", str(nowhere), code=2)["error"]

    assert error == f"the source folder {nowhere} does not exist (hint: name it with --source, or set source.path)"


def test_a_source_that_is_a_file_is_named(env: Environment) -> None:
    env.write({"sales.csv": ""})
    error = env.stage("ingest", "--source", str(env.source / "sales.csv"), code=2)["error"]
    assert error.startswith(f"the source folder {env.source / 'sales.csv'} is a file")


def test_a_dataset_without_a_folder_is_no_error(env: Environment) -> None:
    env.write({"stores/s.csv": csv(STORES, "1,A,5")})
    assert {name: counts["rows_out"] for name, counts in env.run()["datasets"].items()} == {
        "sales": 0,
        "stores": 1,
        "features": 0,
    }


def test_a_file_that_cannot_be_read_is_told_and_the_others_land(env: Environment) -> None:
    env.write({"sales/a.csv": b"1"})
    (env.source / "sales" / "b.csv").symlink_to(env.source / "gone.csv")

    summary = env.stage("ingest", "--source", str(env.source))

    text = "'sales/b.csv' is ignored: it cannot be read: No such file or directory"
    assert summary["warnings"] == [
        {"code": "unreadable_source", "dataset": "sales", "file": "sales/b.csv", "text": text}
    ]
    assert list(env.files("lake")) == ["lake/raw/sales/landing-000001/a.csv"]
    assert "unread_files" in env.failing()
    (env.source / "sales" / "b.csv").unlink()
    env.stage("ingest", "--source", str(env.source))
    assert "unread_files" not in env.failing()


def test_a_folder_that_cannot_be_read_is_told_and_the_others_are_read(
    env: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    env.write({"sales/a.csv": b"1", "sales/lost+found/x.csv": b"2", "lost+found/x.csv": b"2", "stores/s.csv": b"3"})
    whole = type(env.source).iterdir

    def refusing(path: Path) -> Iterator[Path]:
        if path.name == "lost+found":
            raise PermissionError(13, "Permission denied")
        return whole(path)

    monkeypatch.setattr(type(env.source), "iterdir", refusing)

    summary = env.stage("ingest", "--source", str(env.source))

    assert summary["files_new"] == 2
    assert [(warning["code"], warning["dataset"], warning["file"]) for warning in summary["warnings"]] == [
        ("unreadable_source", None, "lost+found"),
        ("unreadable_source", "sales", "sales/lost+found"),
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["a" * 251 + ".csv", "a" * 247 + ".csv.gz", "week\u00a005 (1).csv", "\u200bé\u202e.csv"]
)
def test_names_of_any_length_and_any_letters_land_and_are_merged(env: Environment, name: str) -> None:
    text = csv(SALES, "1,1,05/02/2010,7.00,0")
    env.write({f"sales/{name}": gzipped(text) if name.endswith("gz") else text, "stores/s.csv": csv(STORES, "1,A,5")})

    assert env.run()["warnings"] == []

    assert env.clean("sales")[0][-2] == f"sales/{name}"


def test_what_is_passed_over_in_silence_is_certainly_no_data(env: Environment) -> None:
    env.write({"sales/a.csv": b"1", "sales/readme.md": b"1", "prices/a.csv": b"1", "sales/.git/HEAD": b"1"})
    assert [warning["file"] for warning in env.stage("ingest", "--source", str(env.source))["warnings"]] == [
        "prices/a.csv",
        "sales/.git",
        "sales/readme.md",
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "waits"),
    [
        ("sales/week.csv.zip", True),
        ("sales/week.xlsx", True),
        ("stores/deep/week", True),
        ("week.csv", True),
        ("Sales/week.csv", True),
        ("feature/week.csv", True),
        ("sales/.week.csv", True),
        ("sales/README.txt", False),
        ("sales/chart.png", False),
        ("prices/week.csv", False),
    ],
)
def test_an_environment_is_not_healthy_while_figures_may_lie_unread(env: Environment, name: str, waits: bool) -> None:
    env.write({"stores/s.csv": csv(STORES, "1,A,5"), "sales/a.csv": csv(SALES, "1,1,05/02/2010,7.00,0")})
    env.write({name: b"1"})
    env.run()

    check = env.checks()["unread_files"]

    assert check["state"] == ("fail" if waits else "ok")
    assert (f"{name!r}" in str(check["value"])) == waits
    (env.source / name).unlink()
    assert {check["name"]: check["state"] for check in env.run()["health"]["checks"]}["unread_files"] == "ok"


def test_of_many_files_that_are_passed_over_the_first_hundred_are_named(env: Environment) -> None:
    env.write({"sales/a.csv": b"1"} | {f"sales/{number:03}.xlsx": b"1" for number in range(150)})
    warnings = env.stage("ingest", "--source", str(env.source))["warnings"]
    assert (len(warnings), warnings[-1]["text"]) == (101, "50 more files are ignored")


# Sources that are none


@pytest.mark.parametrize("stage", ["ingest", "features", "run"])
@pytest.mark.parametrize(
    ("files", "source", "error"),
    [
        ({"drop/sales/a.csv": b"1"}, "drop/sales", "did you mean --source {0}/drop?"),
        ({"drop/sales/a.csv": b"1"}, ".", "did you mean --source {0}/drop?"),
        ({"drop/sales/a.xlsx": b"1"}, "drop", "'sales/a.xlsx' is ignored: only .csv and .csv.gz files are read"),
        ({"drop/x.md": b"1"}, "drop", "put CSV files into {0}/drop/sales"),
    ],
    ids=["one too deep", "one too high", "workbooks", "nothing"],
)
def test_a_source_without_anything_to_read_is_a_usage_error_and_no_run(
    env: Environment, stage: str, files: dict[str, str | bytes], source: str, error: str
) -> None:
    env.write(files)

    failed = env.stage(stage, "--source", str(env.source / source), code=2)

    told = error.format(env.source)
    assert told in failed["error"] or (stage == "features" and "xlsx" in told)  # another stage tells of sales
    assert env.stage("runs")["items"] == []


def test_a_drop_that_is_cleared_every_week_is_nothing_to_do(env: Environment) -> None:
    env.write({"sales/a.csv": csv(SALES, "1,1,05/02/2010,7.00,0")})
    env.run()
    (env.source / "sales" / "a.csv").unlink()

    assert env.run()["status"] == "noop"

    env.write({"sales/b.xlsx": b"PK"})
    assert env.run()["status"] == "noop"
    assert "unread_files" in env.failing()


def test_a_usage_error_changes_nothing_of_the_health(env: Environment) -> None:
    env.write({"sales/a.csv": csv(SALES, "1,1,05/02/2010,7.00,0")})
    env.run()
    before = env.failing(), [item["stage"] for item in env.stage("runs")["items"]]

    for stage in ("run", "ingest", "features"):
        env.stage(stage, "--source", str(env.source / "nowhere"), code=2)

    assert (env.failing(), [item["stage"] for item in env.stage("runs")["items"]]) == before


# What a name held last


def sales(env: Environment) -> list[object]:
    """Run, and return the money in the clean table."""
    env.run()
    return [row[3] for row in env.clean("sales")]


A, B = (csv(SALES, f"1,1,05/02/2010,{amount},0") for amount in ("1.00", "2.00"))


@pytest.mark.slow
def test_a_file_that_is_put_back_lands_again(env: Environment) -> None:
    seen = []
    for content in (A, B, A, A, B):
        env.write({"sales/w.csv": content})
        seen += sales(env)
    assert seen == [1, 2, 1, 1, 2]
    assert len(env.files("lake/raw")) == 4


@pytest.mark.slow
def test_old_bytes_under_a_new_name_are_told_and_not_landed(env: Environment) -> None:
    env.write({"sales/w.csv": A})
    sales(env)
    env.write({"sales/w.csv": B})
    sales(env)
    env.write({"sales/backup.csv": A})

    summary = env.run()

    assert summary["status"] == "noop"
    (warning,) = summary["warnings"]
    assert (warning["code"], warning["dataset"], warning["file"]) == ("old_bytes", "sales", "sales/backup.csv")
    assert sales(env) == [2]
    env.write({"sales/backup.csv": A + "\n"})
    assert sales(env) == [1]


@pytest.mark.slow
def test_a_copy_stays_known_by_its_name_when_its_original_is_corrected(env: Environment) -> None:
    env.write({"sales/w.csv": A})
    sales(env)
    (env.source / "sales" / "w.csv").rename(env.source / "sales" / "w-old.csv")
    assert env.run()["status"] == "noop"
    env.write({"sales/w.csv": B})

    assert sales(env) == [2]
    assert env.run()["warnings"] == []


@pytest.mark.slow
def test_a_home_of_an_older_version_is_brought_forward(env: Environment) -> None:
    env.write({"sales/w.csv": A})
    sales(env)
    env.write({"sales/w.csv": B})
    sales(env)
    with sqlite3.connect(env.home / "state.db", isolation_level=None) as state:
        state.executescript(OLD_LANDED_FILES)
    state.close()

    assert env.run("--dry-run")["files_new"] == 0
    assert env.run()["status"] == "noop"
    env.write({"sales/w.csv": A})

    assert sales(env) == [1]


def test_a_home_of_an_older_version_that_is_read_only_can_be_read(env: Environment) -> None:
    env.write({"sales/w.csv": A})
    sales(env)
    path = env.home / "state.db"
    with sqlite3.connect(path, isolation_level=None) as state:
        state.executescript(OLD_LANDED_FILES)
    state.close()
    with sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True, factory=SqliteState) as reader:
        set_up(reader)
        known = LandingLog(reader, Scope.SALES_AND_STORES).known()
    reader.close()
    assert set(known.last) == {"sales/w.csv"}


OLD_LANDED_FILES = """
create table old (
  dataset text not null, sha256 text not null, scope text not null, landing integer not null,
  file text not null, bytes integer not null,
  primary key (dataset, sha256)
);
insert into old select dataset, sha256, scope, landing, file, bytes from landed_files;
drop table landed_files;
alter table old rename to landed_files;
create index landed_files_by_landing on landed_files (scope, landing);
pragma user_version = 0;
"""
"""Makes the table that knew each file by its content alone, from before formats had numbers."""


def refused(env: Environment) -> list[tuple[object, ...]]:
    return [(entry["landing"], entry["file"]) for entry in env.quarantine() if entry["record"] is None]


@pytest.mark.slow
@pytest.mark.parametrize("settled", [False, True])
def test_bytes_that_were_refused_are_told_again_under_another_name(env: Environment, settled: bool) -> None:
    env.write({"sales/a.csv": b"", "sales/good.csv": A})
    env.run()
    assert env.run()["status"] == "noop"
    if settled:
        env.stage("quarantine", "discard", "sales/a.csv", "--reason", "empty")
    env.write({"sales/b.csv": b"", "sales/better.csv": B})

    assert env.stage("ingest", "--source", str(env.source))["files_new"] == 2
    env.run()

    assert refused(env) == [*([] if settled else [(1, "sales/a.csv")]), (2, "sales/b.csv")]
    assert env.run()["status"] == "noop"


def test_each_of_two_equal_files_that_are_refused_is_told(env: Environment) -> None:
    env.write({"sales/a.csv": b"", "sales/b.csv": b"", "features/c.csv": b"x", "features/d.csv": b"x"})
    env.write({"sales/good.csv": A, "features/good.csv": csv(FEATURES)})

    summary = env.run()

    assert refused(env) == [(1, "features/c.csv"), (1, "features/d.csv"), (1, "sales/a.csv"), (1, "sales/b.csv")]
    assert [summary["datasets"][name]["files_quarantined"] for name in ("sales", "features")] == [2, 2]
    assert env.run()["status"] == "noop"


def test_a_copy_goes_with_an_original_that_vanishes_and_lands_next(env: Environment) -> None:
    env.write({"sales/a.csv": A, "sales/b.csv": A})

    def vanish(_key: str) -> None:
        (env.source / "sales" / "a.csv").unlink(missing_ok=True)

    with opened(env) as log:
        assert land(RawStore(log, Halfway(env.home / "lake" / "raw", vanish)), "first", found(env)).copied == []

    assert list(ingest(env)[0]) == ["sales/landing-000002/b.csv"]


@pytest.mark.slow
def test_a_raw_bucket_whose_memory_was_lost_knows_what_each_name_held_last(env: Environment) -> None:
    for content in (A, B, A):
        env.write({"sales/w.csv": content})
        sales(env)
    (env.home / "state.db").unlink()

    assert sales(env) == [1]
    assert len(env.files("lake/raw")) == 3
    env.write({"sales/w.csv": B})
    assert sales(env) == [2]


def test_a_link_that_leaves_the_source_is_told_and_not_read(
    env: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "source-of-others"  # whose name begins like the source's
    (elsewhere / "deep").mkdir(parents=True)
    (elsewhere / "secret.csv").write_text(csv(SALES, "1,1,2012-02-03,1,0"))
    (elsewhere / "deep" / "more.csv").write_text(csv(SALES, "2,1,2012-02-03,1,0"))
    env.write({"sales/a.csv": csv(SALES, "3,1,2012-02-03,1,0"), "sales/sub/b.csv": csv(SALES, "4,1,2012-02-03,1,0")})
    (env.source / "sales" / "link.csv").symlink_to(elsewhere / "secret.csv")
    (env.source / "sales" / "relative.csv").symlink_to("../../source-of-others/secret.csv")
    (env.source / "sales" / "chain.csv").symlink_to("link.csv")
    (env.source / "sales" / "folder").symlink_to(elsewhere)
    (env.source / "sales" / "inside.csv").symlink_to("sub/b.csv")
    (env.source / "sales" / "later.csv").symlink_to(elsewhere / "not-yet.csv")

    summary = env.stage("ingest", "--source", str(env.source))

    refused = ["sales/chain.csv", "sales/folder", "sales/later.csv", "sales/link.csv", "sales/relative.csv"]
    assert sorted((warning["file"], warning["code"]) for warning in summary["warnings"]) == [
        (file, "unreadable_source") for file in refused
    ]
    assert {warning["text"].partition(": ")[2] for warning in summary["warnings"]} == {
        "it is a link that leaves the source; source.follow_links = true lets it in"
    }
    landed = {path.rpartition("/")[2] for path in env.files("lake/raw")}
    assert landed == {"a.csv", "inside.csv"}  # the link within the source, whose bytes landed once
    assert "unread_files" in env.failing()

    monkeypatch.setenv("RETAILSTREAM__SOURCE__FOLLOW_LINKS", "true")
    env.stage("ingest", "--source", str(env.source))
    assert {path.rpartition("/")[2] for path in env.files("lake/raw")} >= landed | {"more.csv"}


def test_a_source_that_is_a_link_itself_is_read(env: Environment, tmp_path: Path) -> None:
    env.write({"sales/a.csv": csv(SALES, "3,1,2012-02-03,1,0")})
    (tmp_path / "drop").symlink_to(env.source)

    assert env.stage("ingest", "--source", str(tmp_path / "drop"))["warnings"] == []


def test_links_to_folders_are_folders_and_circles_end(
    env: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETAILSTREAM__SOURCE__FOLLOW_LINKS", "true")
    (tmp_path / "elsewhere" / "deep").mkdir(parents=True)
    (tmp_path / "elsewhere" / "deep" / "week.csv").write_text(csv(SALES, "1,1,2012-02-03,1,0"))
    (env.source / "sales").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "deep" / "circle").symlink_to(env.source)
    env.write({"stores/s.csv": csv(STORES, "1,A,5")})

    summary = env.stage("ingest", "--source", str(env.source))

    assert (summary["files_in"], summary["files_new"]) == (2, 2)
    assert sorted(env.files("lake/raw")) == [
        "lake/raw/sales/landing-000001/deep/week.csv",
        "lake/raw/stores/landing-000001/s.csv",
    ]


def test_what_is_neither_file_nor_folder_is_passed_over_and_not_waited_for(env: Environment) -> None:
    env.write({"sales/a.csv": b"1"})
    os.mkfifo(env.source / "sales" / "pipe.csv")

    landed, said = ingest(env)

    assert list(landed) == ["sales/landing-000001/a.csv"]
    assert said == "WARNING: ingest: 'sales/pipe.csv' is ignored: it is no ordinary file\n"


# Landings, stopped and completed: driven directly, since a file must change, or a lake fail, at a moment of our choice


class InterruptedLakeError(Exception):
    """A lake that failed halfway."""


class Halfway(FolderLake):
    """A lake that calls something before each file is stored."""

    def __init__(self, root: Path, before: Callable[[str], None]) -> None:
        super().__init__(root)
        self._before = before

    def _put(self, key: str, path: Path) -> None:
        self._before(key)
        super()._put(key, path)


@contextmanager
def opened(env: Environment) -> Iterator[LandingLog]:
    with open_sqlite_state(env.home / "state.db") as state:
        yield LandingLog(state, Scope.SALES_AND_STORES)


def found(env: Environment) -> list[SourceFile]:
    return [hashed(env.source, path) for path in scan(env.source, Scope.SALES_AND_STORES.datasets).files]


def stop_at(name: str) -> Callable[[str], None]:
    def before(key: str) -> None:
        if key.endswith(name):
            raise InterruptedLakeError

    return before


def stopped(env: Environment, name: str) -> None:
    """Land what is in the source, and stop before a file."""
    with opened(env) as log, pytest.raises(InterruptedLakeError):
        land(RawStore(log, Halfway(env.home / "lake" / "raw", stop_at(name))), "first", found(env))


def listed(env: Environment) -> list[str]:
    with opened(env) as log:
        assert log.unfinished() is None
        return [file.key for file in log.files()]


def test_a_stopped_landing_is_completed_with_the_same_list(env: Environment) -> None:
    env.write({f"sales/{name}.csv": name.encode() for name in "bcd"})
    stopped(env, "c.csv")
    there = env.files("lake")
    assert "lake/raw/sales/landing-000001/b.csv" in there
    assert "lake/raw/sales/landing-000001/c.csv" not in there

    env.write({"sales/a.csv": b"a"})
    landed, _ = ingest(env)

    assert listed(env) == [
        f"sales/landing-{number}/{name}.csv"
        for number, name in (("000001", "b"), ("000001", "c"), ("000001", "d"), ("000002", "a"))
    ]
    assert landed == {key: key[-5].encode() for key in listed(env)}


def test_rows_of_a_stopped_landing_are_merged_only_when_it_is_complete(env: Environment) -> None:
    env.write({"sales/b.csv": csv(SALES, "1,1,05/02/2010,1,0"), "sales/c.csv": csv(SALES, "1,2,05/02/2010,2,0")})
    stopped(env, "c.csv")

    assert env.stage("glue-merge")["status"] == "noop"
    env.write({"sales/a.csv": csv(SALES, "1,2,05/02/2010,3,0")})
    env.run()

    assert [(row[1], row[3], *row[-3:]) for row in env.clean("sales")] == [
        (1, 1, 1, "sales/b.csv", 1),
        (2, 3, 2, "sales/a.csv", 1),
    ]


def test_a_file_of_a_stopped_landing_that_is_gone_since_stays_if_it_was_copied_and_else_does_not(
    env: Environment,
) -> None:
    env.write({f"sales/{name}.csv": name.encode() for name in "bcd"})
    stopped(env, "d.csv")
    for name in "cd":
        (env.source / "sales" / f"{name}.csv").unlink()

    landed, _ = ingest(env)

    assert list(landed) == listed(env) == ["sales/landing-000001/b.csv", "sales/landing-000001/c.csv"]
    env.write({"sales/d.csv": b"d"})
    assert "sales/landing-000002/d.csv" in ingest(env)[0]  # it was never landed, so it is new


def test_a_file_that_is_corrected_while_its_landing_is_stopped_lands_next(env: Environment) -> None:
    env.write({"sales/a.csv": b"a", "sales/b.csv": b"b"})
    stopped(env, "b.csv")
    env.write({"sales/b.csv": b"better"})

    landed, _ = ingest(env)

    assert landed == {"sales/landing-000001/a.csv": b"a", "sales/landing-000002/b.csv": b"better"}


def test_a_file_that_changes_while_it_is_copied_is_withdrawn_until_it_is_whole(env: Environment) -> None:
    env.write({"sales/a.csv": b"a", "sales/b.csv": b"half"})

    def grow(key: str) -> None:
        if key.endswith("b.csv"):
            (env.source / "sales" / "b.csv").write_bytes(b"half and half")

    with opened(env) as log:
        copied = land(RawStore(log, Halfway(env.home / "lake" / "raw", grow)), "first", found(env)).copied

    assert [file.file for file in copied] == ["sales/a.csv"]
    assert listed(env) == list(ingest(env, "--dry-run")[0]) == ["sales/landing-000001/a.csv"]
    assert ingest(env)[0] == {"sales/landing-000001/a.csv": b"a", "sales/landing-000002/b.csv": b"half and half"}


def test_a_file_that_has_long_settled_is_read_once_and_one_that_changes_is_looked_at_again(
    env: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_files, "SETTLED_NS", -1)
    env.write({f"sales/{name}.csv": name.encode() for name in ("as it was", "grown", "read-only", "replaced")})
    files = {file.path.stem: file for file in found(env)}
    read = []

    def look(path: Path) -> str:
        read.append(path.stem)
        return sha256(path)

    monkeypatch.setattr(source_files, "sha256", look)

    path = files["grown"].path
    with path.open("ab") as stream:
        stream.write(b"more")
    files["read-only"].path.chmod(0o444)
    other = path.with_name("other")
    other.write_bytes(b"Replaced")
    os.utime(other, ns=(files["replaced"].path.stat().st_mtime_ns,) * 2)
    other.rename(files["replaced"].path)

    told = {name: unchanged(file) for name, file in files.items()}
    assert told == {"as it was": True, "grown": False, "read-only": True, "replaced": False}
    assert sorted(read) == ["grown", "read-only", "replaced"]


def test_a_file_that_was_written_just_now_is_read_again(env: Environment) -> None:
    env.write({"sales/a.csv": b"a"})
    (file,) = found(env)
    assert file.stamp is None
    assert unchanged(file)
    file.path.write_bytes(b"b")
    assert not unchanged(file)


def test_a_file_that_vanishes_before_it_is_copied_is_withdrawn(env: Environment) -> None:
    env.write({"sales/a.csv": b"a", "sales/b.csv": b"b"})

    def vanish(_key: str) -> None:
        (env.source / "sales" / "a.csv").unlink(missing_ok=True)

    with opened(env) as log:
        copied = land(RawStore(log, Halfway(env.home / "lake" / "raw", vanish)), "first", found(env)).copied

    assert [file.file for file in copied] == ["sales/b.csv"]
    assert listed(env) == ["sales/landing-000001/b.csv"]


def test_files_are_ordered_by_their_names_with_numbers_as_such(env: Environment) -> None:
    # Texts in the order of UTF-8 bytes; in UTF-16 the last two would change places.
    names = ["0", "9", "10", "A", "B/a", "a", "a0", "a b", "a-", "a/b", "aa", "\u00e9", "\uffee", "\U0001f600"]
    env.write({f"sales/{name}.csv": name.encode() for name in reversed(names)})
    ingest(env)

    keys = [f"sales/landing-000001/{name}.csv" for name in names]
    assert listed(env) == keys
    assert [file.path.read_bytes() for file in found(env)] == [
        key.split("/", 2)[2].removesuffix(".csv").encode() for key in keys
    ]


def test_landings_of_the_scopes_are_numbered_apart(env: Environment) -> None:
    for number in (1, 2):
        env.write({f"sales/{number}.csv": csv(SALES, f"{number},1,05/02/2010,1,0")})
        env.run()
    env.write({"features/f.csv": csv(FEATURES)})
    env.run()

    assert "features/features/landing-000001/f.csv" in env.files()
    with sqlite3.connect(env.home / "state.db") as state:
        scopes = state.execute("select scope, count(*) from landings group by 1 order by 1").fetchall()
    state.close()
    assert scopes == [("features", 1), ("sales-and-stores", 2)]


def test_a_lake_that_cannot_be_written_fails_and_the_landing_waits(env: Environment) -> None:
    env.write({"sales/a.csv": b"a"})
    (env.home / "lake" / "raw").mkdir(parents=True)
    (env.home / "lake" / "raw" / "sales").write_text("a file where a folder should be")

    assert env.stage("ingest", "--source", str(env.source), code=1)["error"]
    (env.home / "lake" / "raw" / "sales").unlink()
    assert list(ingest(env)[0]) == ["sales/landing-000001/a.csv"]


def test_replay_waits_for_a_stopped_landing(env: Environment) -> None:
    env.write({"sales/a.csv": csv(SALES, "x,1,05/02/2010,1,0")})
    env.run("--max-rejects", "100%")
    env.write({"sales/b.csv": csv(SALES, "2,1,05/02/2010,1,0"), "fixed": csv(SALES, "1,1,05/02/2010,1,0")})
    stopped(env, "b.csv")

    failed = env.stage("quarantine", "replay", "--file", str(env.source / "fixed"), code=2)

    assert failed["error"] == "a landing was stopped and is not complete (hint: retailstream run, then replay)"
    env.run()
    env.stage("quarantine", "replay", "--file", str(env.source / "fixed"))
    env.run()
    assert [row[0] for row in env.clean("sales")] == [1, 2]


def test_a_folder_lake_says_what_is_missing(tmp_path: Path) -> None:
    lake = FolderLake(tmp_path)
    with pytest.raises(RetailStreamError, match=r"object 'a/b\.csv' is missing in file://"):
        lake.fetch("a/b.csv")

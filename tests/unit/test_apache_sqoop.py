"""What Apache Sqoop is told and what becomes of what it says, by programs that stand in for it."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from retailstream.adapters.database.mysql_address import Address, address_of
from retailstream.adapters.transfer.apache_sqoop import ApacheSqoop, driver_of, find_program, told
from retailstream.adapters.transfer.jdbc import jdbc_url
from retailstream.errors import RetailStreamError, TransientError, UsageError
from retailstream.extracts import Extract, Split
from retailstream.relations import Field, Kind, Relation
from tests.processes import is_alive, wait_until

ROOT = Path(__file__).parents[2]
ADDRESS = address_of("mysql+pymysql://ann:s3cret%22%0A@db.example:3307/retail%20x?read_timeout=9")
EXTRACT = Extract(Relation("t", (Field("a", Kind.INT),), ("a",)), "concat_ws(',', `a` + 0)", "`t`", "(a > 1)")
SPLIT = Split("`a`", 1, 9, 3)


def sqoop(folder: Path, *lines: str) -> ApacheSqoop:
    program = folder / "bin" / "sqoop"
    program.parent.mkdir()
    program.write_text("\n".join(("#!/bin/sh", *lines, "")))
    program.chmod(0o755)
    return ApacheSqoop(program, ADDRESS)


def test_all_that_is_said_stands_in_a_file_and_the_password_in_one_of_its_own(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    program = sqoop(
        tmp_path,
        f'echo "$@" > {seen}.words',
        f'cp "$2" {seen}.options',
        f'stat -c %a "$(dirname "$2")"/opened-by > {seen}.mode',
        f'cat "$(dirname "$2")"/opened-by > {seen}.password',
        f"env > {seen}.env",
    )
    program.run(EXTRACT, SPLIT, "hdfs://nn/staging/text", tmp_path / "work")

    words, options, mode, password, variables = (
        Path(f"{seen}.{name}").read_text() for name in ("words", "options", "mode", "password", "env")
    )
    assert words == f"--options-file {tmp_path / 'work' / 'options'}\n"
    assert (mode, password) == ("400\n", 's3cret"\n')
    assert "s3cret" not in words + options + variables
    lines = options.splitlines()
    assert lines[0] == "import"
    given = dict(zip(lines[lines.index("--connect") :: 2], lines[lines.index("--connect") + 1 :: 2], strict=False))
    assert given["--connect"] == jdbc_url(ADDRESS)
    assert given["--query"] == "select concat_ws(',', `a` + 0) as line from `t` where $CONDITIONS and ((a > 1))"
    assert (given["--split-by"], given["--boundary-query"], given["--num-mappers"]) == ("`a`", "select 1, 9", "3")
    assert given["--target-dir"] == "hdfs://nn/staging/text"
    assert not (tmp_path / "work").exists()


def test_without_a_split_there_is_one_mapper_and_a_cluster_is_left_to_its_own_settings(tmp_path: Path) -> None:
    here, there = (ApacheSqoop(Path("sqoop"), ADDRESS, on_cluster=on_cluster) for on_cluster in (False, True))
    lines = here.options(EXTRACT, None, "x", tmp_path)
    assert lines[lines.index("--num-mappers") + 1] == "1"
    assert "--split-by" not in lines
    assert "-Dmapreduce.framework.name=local" in lines
    assert not [line for line in there.options(EXTRACT, None, "x", tmp_path) if line.startswith("-D")]
    # A cluster's tasks get the jars as a list, which no blank may be in.
    assert "--skip-dist-cache" in lines
    assert "--skip-dist-cache" not in there.options(EXTRACT, None, "x", tmp_path)


def test_the_file_of_the_password_is_named_as_hadoop_takes_paths(tmp_path: Path) -> None:
    lines = ApacheSqoop(Path("sqoop"), ADDRESS).options(EXTRACT, None, "x", tmp_path / "a home")
    assert lines[lines.index("--password-file") + 1] == f"file://{tmp_path}/a home/opened-by"


def test_the_database_has_the_same_session_and_trust_in_java() -> None:
    url = "mysql+pymysql://ann:pass@db/retail?ssl_ca=/ca.pem&ssl_check_hostname=false&connect_timeout=3"
    assert jdbc_url(address_of(url)) == (
        "jdbc:mariadb://db:3306/retail?sessionVariables=time_zone='+00:00',sql_mode='STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'&connectTimeout=3000&socketTimeout=600000"
        "&sslMode=verify-ca&serverSslCert=/ca.pem"
    )
    assert jdbc_url(ADDRESS, scheme="mysql").startswith("jdbc:mysql://db.example:3307/retail%20x?")
    with pytest.raises(UsageError, match="a certificate of ours"):
        jdbc_url(address_of(f"{url}&ssl_cert=/mine.pem"))


@pytest.mark.parametrize(
    ("code", "line", "error", "said"),
    [
        (1, "ERROR tool.ImportTool: Import failed: disk full", RetailStreamError, "Import failed: disk full"),
        (1, "INFO all is well", RetailStreamError, "it ended with 1 and said nothing"),
        (1, "ERROR manager.SqlManager: Error: Access denied for user 'ann'", UsageError, "Access denied"),
        (1, "ERROR manager.SqlManager: Error: Unknown database 'x'", UsageError, "Unknown database"),
        (1, "ERROR manager.SqlManager: Socket fail to connect to db. Connection refused", TransientError, "Connection"),
        (1, "ERROR tool.ImportTool: ConnectException: Call From a to nn:8020 failed", TransientError, "ConnectExc"),
        (1, "ERROR tool.ImportTool: (conn=7) unexpected end of stream, read 0 bytes", TransientError, "unexpected end"),
        (143, "INFO all is well", TransientError, "it ended with 143"),
        (-9, "INFO all is well", TransientError, "it was ended by signal 9"),
    ],
)
def test_an_end_is_told_by_its_last_error(code: int, line: str, error: type[RetailStreamError], said: str) -> None:
    found = told(code, [f"2026-11-25 01:16:04,331 {line}"], "mysql://db")
    assert type(found) is error
    assert said in found.message


def test_a_failing_program_is_an_error_with_its_own_words_and_leaves_nothing(tmp_path: Path) -> None:
    program = sqoop(tmp_path, "echo '25/11/26 01:16:04 ERROR tool.ImportTool: no such column' >&2", "exit 1")
    with pytest.raises(RetailStreamError, match=r"Apache Sqoop failed: no such column"):
        program.run(EXTRACT, None, "x", tmp_path / "work")
    assert not (tmp_path / "work").exists()


def test_its_log_is_shown_to_those_who_want_to_see_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="retailstream")
    sqoop(tmp_path, "echo Transferred 7 rows").run(EXTRACT, None, "x", tmp_path / "work")
    assert "sqoop: Transferred 7 rows" in caplog.text


def test_there_must_be_a_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("SQOOP_HOME", raising=False)
    with pytest.raises(UsageError, match="there is no Apache Sqoop on this machine"):
        find_program("")
    with pytest.raises(UsageError, match=f"there is no Apache Sqoop in {tmp_path}"):
        find_program(str(tmp_path))
    program = sqoop(tmp_path).program
    monkeypatch.setenv("SQOOP_HOME", str(tmp_path))
    assert find_program("") == find_program(str(tmp_path)) == program
    assert driver_of("") is None
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "mariadb-java-client-3.5.6.jar").touch()
    assert driver_of("") == tmp_path / "lib" / "mariadb-java-client-3.5.6.jar"


CODE = """
import sys
from pathlib import Path
from retailstream.interruption import terminate
from tests.unit.test_apache_sqoop import ADDRESS, EXTRACT, ApacheSqoop
import signal
signal.signal(signal.SIGTERM, terminate)
ApacheSqoop(Path(sys.argv[1]), ADDRESS).run(EXTRACT, None, "x", Path(sys.argv[2]))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_sqoop_ends_with_whoever_started_it(tmp_path: Path, number: signal.Signals) -> None:
    program = sqoop(tmp_path, f"echo $$ > {tmp_path}/pid.new; mv {tmp_path}/pid.new {tmp_path}/pid", "exec sleep 600")
    command = [sys.executable, "-c", CODE, str(program.program), str(tmp_path / "work")]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL, start_new_session=True) as process:
        wait_until((tmp_path / "pid").exists)
        pid = int((tmp_path / "pid").read_text())
        password = tmp_path / "work" / "opened-by"
        assert stat.S_IMODE(password.stat().st_mode) == 0o400
        os.kill(process.pid, number)
        assert process.wait(30) != 0
    wait_until(lambda: not is_alive(pid))
    assert password.exists() is (number == signal.SIGKILL)  # the next run empties the folder


def test_the_password_stays_out_of_what_is_printed() -> None:
    assert "s3cret" not in repr(ApacheSqoop(Path("sqoop"), ADDRESS))
    assert isinstance(ADDRESS, Address)


def test_a_task_that_failed_is_told_by_its_reason_and_not_by_the_last_word() -> None:
    lines = [
        "Caused by: x.QuotaException: The quota of /a is exceeded",
        "d t ERROR tool.ImportTool: Import failed: Import job failed!",
    ]
    assert told(1, lines, "mysql://db").message == "Apache Sqoop failed: x.QuotaException: The quota of /a is exceeded"
    assert told(1, lines[1:], "mysql://db").message == "Apache Sqoop failed: Import failed: Import job failed!"

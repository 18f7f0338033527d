"""Each answer that the table of MySQL's codes has, given by a server that speaks the protocol, to whole commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pymysql
import pytest

from retailstream.adapters.answers.kinds import Answer, Reaction
from retailstream.adapters.answers.mysql import ANSWERS
from retailstream.adapters.database.mysql_errors import wants_inserts
from tests.scripted_mysql import scripted_mysql

if TYPE_CHECKING:
    from tests.environment import Environment

TEXTS = {
    1226: "User 'ann' has exceeded the 'max_queries_per_hour' resource (current value: 100)",
    1290: "The MariaDB server is running with the --read-only option so it cannot execute this statement",
    1105: "The last transaction was aborted due to Zero Downtime Patch. Please retry.",
    1030: 'Got error 28 "No space left on device" from storage engine InnoDB',
}
"""What servers say beside a code that alone does not tell; the ones of `OTHERS` say it for the same code otherwise."""

OTHERS = {
    (1226, Reaction.AGAIN): "User 'ann' has exceeded the 'max_user_connections' resource (current value: 1)",
    (1047, Reaction.AGAIN): "WSREP has not yet prepared node for application use",
    (1047, Reaction.OTHER_WAY): "Unsupported 'LOAD DATA LOCAL INFILE' command",
}

CODES = {Reaction.AGAIN: 4, Reaction.LATER: 4, Reaction.USER: 2, Reaction.FAILED: 1, Reaction.OTHER_WAY: 1}

CASES = [
    pytest.param(answer, code, OTHERS.get((code, answer.reaction), TEXTS.get(code, f"the server's words on {code}")))
    for answer in ANSWERS
    for code in answer.codes
    if isinstance(code, int) and code
]


def named(value: object) -> str:
    return value.reaction.name.lower() if isinstance(value, Answer) else str(value)[:24]


@pytest.mark.parametrize(("answer", "code", "said"), CASES, ids=named)
def test_each_code_ends_a_command_as_the_table_says(
    env: Environment, monkeypatch: pytest.MonkeyPatch, answer: Answer, code: int, said: str
) -> None:
    with scripted_mysql(code, said) as server:
        monkeypatch.setenv("RETAILSTREAM__DATABASE__URL", server.url(retry_seconds=0.6))
        outcome = env.command("load-rds")
    assert outcome.exit_code == CODES[answer.reaction], outcome.stderr
    assert said in outcome.error
    if answer.reaction is not Reaction.OTHER_WAY:
        assert answer.means in outcome.error
        assert f"hint: {answer.advice}" in outcome.stderr
    assert (server.logins > 1) is (answer.reaction is Reaction.AGAIN), server.asked
    assert "s3cret" not in outcome.stderr


@pytest.mark.parametrize("code", [1040, 1045, 1129, 1130, 1203, 1226, 3032, 3159, 9001, 9501])
def test_a_refused_login_is_told_as_a_refused_statement_is(
    env: Environment, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    said = OTHERS.get((code, Reaction.AGAIN), f"the server's words on {code}")
    (answer,) = [answer for answer in ANSWERS if code in answer.codes and answer.fits(said)][:1]
    with scripted_mysql(code, said, at="login") as server:
        monkeypatch.setenv("RETAILSTREAM__DATABASE__URL", server.url(retry_seconds=0.6))
        outcome = env.command("monitor")
    assert outcome.exit_code == CODES[answer.reaction], outcome.stderr
    assert answer.means in outcome.error
    assert (server.logins > 1) is (answer.reaction is Reaction.AGAIN)


def test_a_code_that_no_row_has_ends_with_1_and_the_words_of_the_server(
    env: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted_mysql(1062, "Duplicate entry '1' for key 'PRIMARY'") as server:
        monkeypatch.setenv("RETAILSTREAM__DATABASE__URL", server.url())
        outcome = env.command("load-rds")
    assert outcome.exit_code == 1
    assert "failed: Duplicate entry '1' for key 'PRIMARY'" in outcome.error


@pytest.mark.parametrize("said", ["The server is running with --secure-file-priv", "--skip-grant-tables"])
def test_an_option_that_keeps_us_from_a_statement_passes_only_where_it_is_read_only(
    env: Environment, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    with scripted_mysql(1290, said) as server:
        monkeypatch.setenv("RETAILSTREAM__DATABASE__URL", server.url())
        assert env.command("load-rds").exit_code == 1


def test_no_code_is_in_two_rows_that_a_text_fits() -> None:
    for code in {code for answer in ANSWERS for code in answer.codes}:
        plain = [answer for answer in ANSWERS if code in answer.codes and not answer.where]
        assert len(plain) <= 1, code


def test_a_proxy_without_local_files_and_a_node_that_is_not_ready_have_one_code() -> None:
    assert wants_inserts(pymysql.err.OperationalError(1047, "Unsupported 'LOAD DATA LOCAL INFILE' command"))
    assert not wants_inserts(pymysql.err.OperationalError(1047, "WSREP has not yet prepared node for application use"))

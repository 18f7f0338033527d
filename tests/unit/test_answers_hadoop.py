"""Each answer that the tables of Hadoop have: as the driver of HDFS hands it on, by Thrift, and through other clients."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from retailstream.adapters.answers.hadoop import DRIVER, HDFS, METASTORE, THROUGH
from retailstream.adapters.answers.kinds import Answer, Reaction, by_text
from retailstream.adapters.hadoop_errors import AWAY
from retailstream.adapters.lake.hdfs_errors import TakenError, ours
from retailstream.adapters.warehouse.metastore_client import MetastoreClient, interface
from retailstream.errors import RetailStreamError
from tests.processes import wait_until
from tests.services.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

CODES = {Reaction.AGAIN: 4, Reaction.USER: 2, Reaction.FAILED: 1}


def cases(answers: Sequence[Answer]) -> list[Any]:
    return [pytest.param(answer, str(code), id=str(code)) for answer in answers for code in answer.codes]


@pytest.mark.parametrize(("answer", "name"), cases(HDFS))
def test_each_exception_of_hdfs_ends_as_the_table_says(answer: Answer, name: str) -> None:
    error = RuntimeError(f'RPCError("org.apache.hadoop.there.{name}", "what it said\\n\\tat org.x")')
    found = ours(error, "hdfs://there:8020/x")
    if answer.reaction is Reaction.OTHER_WAY:
        assert isinstance(found, TakenError)
        return
    assert found.exit_code == CODES[answer.reaction]
    assert found.message.endswith(f"{name}: what it said")
    assert found.hint == answer.advice


@pytest.mark.parametrize(("answer", "kind"), cases(DRIVER))
def test_what_the_driver_meets_ends_as_the_table_says(answer: Answer, kind: str) -> None:
    found = ours(RuntimeError(f'{kind}("what it met")'), "hdfs://there:8020/x")
    assert (found.exit_code, found.hint) == (CODES[answer.reaction], answer.advice)
    assert found.message.endswith(": what it met")


@pytest.mark.parametrize(("answer", "word"), cases(THROUGH))
def test_what_other_clients_hand_on_is_known_wherever_it_stands(answer: Answer, word: str) -> None:
    said = f"Error while compiling: java.lang.RuntimeException: {word} at there:1234"
    assert AWAY.search(said)
    assert by_text(THROUGH, said) is answer


ASKED = {
    "AlreadyExistsException": "create_database",
    "InvalidObjectException": "create_database",
    "InvalidOperationException": "alter_table_with_environment_context",
}
"""What may be answered with each error; with the others, a question for a database."""


@contextmanager
def metastore(name: str, said: str) -> Iterator[tuple[str, list[str]]]:
    """A server over Thrift that answers everything with an error; its address, and what it was asked."""
    rpc = pytest.importorskip("thriftpy2.rpc")
    idl, asked, port = interface(), list[str](), free_port()

    def answered(method: str) -> Callable[..., None]:
        def answer(*_words: object) -> None:
            asked.append(method)
            raise getattr(idl, name)(message=said)

        return answer

    handler = SimpleNamespace(**{method: answered(method) for method in ("get_database", *ASKED.values())})
    server = rpc.make_server(idl.ThriftHiveMetastore, handler, "127.0.0.1", port, client_timeout=None)
    serving = threading.Thread(target=server.serve, daemon=True)
    serving.start()
    wait_until(lambda: answers(port))
    try:
        yield f"thrift://127.0.0.1:{port}", asked
    finally:
        server.close()  # which keeps its socket, and waits for one more to come
        server.trans.close()
        serving.join(timeout=30)


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize(("answer", "word"), cases(METASTORE))
def test_what_a_metastore_says_over_thrift_ends_as_the_table_says(answer: Answer, word: str) -> None:
    name, said = ("MetaException", f"javax.jdo: {word}") if answer.reaction is Reaction.AGAIN else (word, "its words")
    with metastore(name, said) as (address, asked):
        client, idl = MetastoreClient(address, retry_seconds=0.5), interface()
        words: dict[str, list[Any]] = {
            "get_database": ["retail"],
            "create_database": [idl.Database(name="retail")],
            "alter_table_with_environment_context": ["retail", "t", idl.Table(), idl.EnvironmentContext()],
        }
        method = ASKED.get(name, "get_database")
        with pytest.raises(RetailStreamError) as caught:
            client.ask(lambda connected: getattr(connected, method)(*words[method]))
        client.close()
    assert caught.value.exit_code == (4 if answer.reaction is Reaction.AGAIN else 1)
    assert said in caught.value.message
    assert (len(asked) > 1) is (answer.reaction is Reaction.AGAIN)

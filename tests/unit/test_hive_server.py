"""What a `hive://` URL says, and how servers that are no good are told apart; none of them is a real one."""

from __future__ import annotations

import getpass
import socket
import struct
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from retailstream.adapters.warehouse.hive_address import Auth, address_of
from retailstream.errors import RetailStreamError, TransientError, UsageError
from retailstream.masking import masked

hive_errors = pytest.importorskip("retailstream.adapters.warehouse.hive_errors", exc_type=ImportError)
hive_server = pytest.importorskip("retailstream.adapters.warehouse.hive_server", exc_type=ImportError)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECRET = "s3cret"


def test_a_url_is_read_part_by_part() -> None:
    address = address_of(
        "hive://a%40b:p%2F%C3%A4:@h.example:10001/retail_1?read_timeout=5&ssl=true",
        auth="KERBEROS",
        kerberos_service="hs2",
    )
    assert (address.user, address.password, address.host, address.port) == ("a@b", "p/ä:", "h.example", 10001)
    assert (address.database, address.auth, address.kerberos_service) == ("retail_1", "KERBEROS", "hs2")
    assert (address.options.read_timeout, address.options.secure) == (5, True)
    plain = address_of("hive://h/db")
    assert (plain.user, plain.password, plain.port, plain.options.secure) == (getpass.getuser(), "", 10000, False)
    assert address_of("hive://h/db?ssl_ca=FILE").options.secure


def test_an_address_prints_without_its_password() -> None:
    address = address_of(f"hive://ann:{SECRET}@h/db")
    assert str(address) == "hive://ann:***@h:10000/db"
    assert SECRET not in repr(address)
    assert masked(f"hive://ann:{SECRET}@h/db") == "hive://ann:***@h/db"


@pytest.mark.parametrize(
    "url",
    [
        f"hive://ann:{SECRET}@h:port/db",
        f"hive://ann:{SECRET}/x@h/db",
        f"hive://ann:10000/{SECRET}@h/db",
        f"hive://ann:{SECRET}@h/",
        f"hive://ann:{SECRET}@/db",
        f"hive://ann:{SECRET}@[h/db",
        f"hive2://ann:{SECRET}@h/db",
        f"hive://ann:{SECRET}@h/d`b",
        f"hive://ann:{SECRET}@h/db?retry_second={SECRET}",
        f"hive://ann:{SECRET}@h/db?retry_seconds={SECRET}",
        f"hive://ann:{SECRET}@h/db?retry_seconds=61",
    ],
)
def test_a_url_of_another_form_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        address_of(url)
    assert SECRET not in caught.value.message + caught.value.hint
    assert caught.value.__cause__ is None


def test_ldap_needs_a_password() -> None:
    with pytest.raises(UsageError, match=r"holds no password, which hive\.auth LDAP needs"):
        address_of("hive://ann@h/db", auth="LDAP")


@contextmanager
def serving(behave: Callable[[socket.socket], None]) -> Iterator[int]:
    """Serve on a port: each connection is one thread's."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=behave, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def close(connection: socket.socket) -> None:
    connection.close()


def keep_silent(connection: socket.socket) -> None:
    with connection:
        while connection.recv(1024):
            pass


class Refusing:
    """A server that takes nobody, and remembers what it was told."""

    def __init__(self) -> None:
        self.told = b""

    def __call__(self, connection: socket.socket) -> None:
        with connection:
            self.told += connection.recv(1024)
            message = b"Error validating the login"
            connection.sendall(struct.pack(">BI", 3, len(message)) + message)
            self.told += connection.recv(1024)


def asked(port: int, auth: Auth = "NONE") -> None:
    url = f"hive://ann:{SECRET}@127.0.0.1:{port}/db?retry_seconds=0.3&connect_timeout=0.5&read_timeout=0.5"
    with hive_server.open_hive_server(address_of(url, auth=auth)) as server:
        server.ask("select 1")


@pytest.mark.parametrize("auth", ["NONE", "NOSASL", "LDAP"])
@pytest.mark.parametrize("behave", [close, keep_silent])
def test_a_server_that_closes_or_keeps_silent_may_be_back_soon(
    behave: Callable[[socket.socket], None], auth: Auth
) -> None:
    with serving(behave) as port, pytest.raises(TransientError, match="is not available: ") as caught:
        asked(port, auth)
    assert SECRET not in str(caught.value)


def test_nobody_at_a_port_may_be_back_soon_and_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    with serving(close) as port:
        pass
    with pytest.raises(TransientError, match=r"^hive://ann:\*\*\*@127\.0\.0\.1:\d+/db is not available: .*refused"):
        asked(port)
    assert capfd.readouterr() == ("", "")


def test_a_host_that_has_no_address_may_have_one_soon(capfd: pytest.CaptureFixture[str]) -> None:
    with (
        hive_server.open_hive_server(address_of("hive://nobody.invalid/db?retry_seconds=0")) as server,
        pytest.raises(TransientError),
    ):
        server.ask("select 1")
    assert capfd.readouterr() == ("", "")


def test_a_refused_login_is_the_users_matter_and_is_tried_once() -> None:
    server = Refusing()
    with (
        serving(server) as port,
        pytest.raises(UsageError, match=r" refuses us: Error validating the login$") as caught,
    ):
        asked(port, "LDAP")
    assert server.told.count(f"\0ann\0{SECRET}".encode()) == 1
    assert server.told.count(b"PLAIN") == 1
    assert SECRET not in str(caught.value)
    assert "hive.auth" in caught.value.hint


def test_kerberos_without_its_module_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    mechanisms = pytest.importorskip("puresasl.mechanisms").mechanisms
    monkeypatch.delitem(mechanisms, "GSSAPI", raising=False)
    with serving(keep_silent) as port, pytest.raises(UsageError, match="needs a module that is not inst") as caught:
        asked(port, "KERBEROS")
    assert caught.value.hint == "pip install kerberos"


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (
            "Error while compiling statement: FAILED: SemanticException [Error 10001]: Line 1:9 Table not found 't'",
            "SemanticException [Error 10001]: Line 1:9 Table not found 't'",
        ),
        (
            "org.apache.hive.service.cli.HiveSQLException: Error running query: java.lang.IllegalStateException: x\n  y",
            "x y",
        ),
        (None, "no reason"),
    ],
)
def test_what_hive_says_is_one_sentence(message: str | None, told: str) -> None:
    assert hive_errors.said(message) == told


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("FAILED: Unable to instantiate org.apache.hadoop.hive.ql.metadata.SessionHiveMetaStoreClient", TransientError),
        ("java.net.ConnectException: Call From a to b failed: Connection refused", TransientError),
        ("Cannot create file. Name node is in safe mode.", TransientError),
        ("Invalid SessionHandle: SessionHandle [1]", TransientError),
        ("FAILED: ParseException line 1:0 cannot recognize input", RetailStreamError),
    ],
)
def test_a_statement_fails_for_good_or_because_a_server_is_away(message: str, kind: type[RetailStreamError]) -> None:
    with pytest.raises(RetailStreamError) as caught, hive_errors.mapped(address_of("hive://ann@h/db")):
        raise hive_errors.QueryError(message)
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("Bad status: 3 (b'Error validating the login')", "Error validating the login"),
        ("Bad status: 3 (b'Unsupported mechanism type PLAIN')", "Unsupported mechanism type PLAIN"),
        ("Could not start SASL: No Kerberos credentials available (default cache: x)", "No Kerb.* available .*: x.*"),
    ],
)
def test_why_a_server_refuses_us_is_told(said: str, reason: str) -> None:
    transport = pytest.importorskip("thrift.transport.TTransport")
    with (
        pytest.raises(UsageError, match=rf"^hive://ann@h:10000/db refuses us: {reason}$"),
        hive_errors.mapped(address_of("hive://ann@h/db")),
    ):
        raise transport.TTransportException(transport.TTransportException.NOT_OPEN, said)

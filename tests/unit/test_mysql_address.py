"""What a `mysql+pymysql://` URL says, without a server."""

from __future__ import annotations

import ssl
import subprocess
import sys

import pymysql
import pytest

from retailstream.adapters.database.mysql_address import address_of
from retailstream.adapters.database.mysql_errors import mapped
from retailstream.errors import RetailStreamError, TransientError, UsageError
from retailstream.masking import masked

SECRET = "s3cret"


def test_a_url_is_read_part_by_part() -> None:
    address = address_of("mysql+pymysql://a%40b:p%2F%C3%A4:@h.example:3307/re%20tail?read_timeout=5&ssl=true")
    assert (address.user, address.password, address.host, address.port) == ("a@b", "p/ä:", "h.example", 3307)
    assert address.database == "re tail"
    arguments = address.connect_arguments()
    assert arguments["password"] == "p/ä:".encode()
    assert arguments["read_timeout"] == 5
    assert address_of("mysql+pymysql://ann@h/db").port == 3306


def test_an_address_prints_without_its_password() -> None:
    address = address_of(f"mysql+pymysql://ann:{SECRET}@h/db?ssl_ca=x")
    assert str(address) == "mysql+pymysql://ann:***@h:3306/db"
    assert SECRET not in repr(address)


@pytest.mark.parametrize(
    "url",
    [
        f"mysql+pymysql://ann:{SECRET}@h:port/db",
        f"mysql+pymysql://ann:{SECRET}@h:99999/db",
        f"mysql+pymysql://ann:{SECRET}/x@h/db",
        f"mysql+pymysql://ann:{SECRET}@h/",
        f"mysql+pymysql://ann:{SECRET}@/db",
        f"mysql+pymysql://:{SECRET}@h/db",
        f"mysql+pymysql://ann:{SECRET}@[h/db",
        f"mysql+mysqldb://ann:{SECRET}@h/db",
        f"mysql://ann:{SECRET}@h/db",
        f"mysql+pymysql://ann:{SECRET}@h/db?retry_second={SECRET}",
        f"mysql+pymysql://ann:{SECRET}@h/db?retry_seconds={SECRET}",
        f"mysql+pymysql://ann:{SECRET}@h/db?retry_seconds=61",
        f"mysql+pymysql://ann:{SECRET}@h/db?local_infile={SECRET}",
    ],
)
def test_a_url_of_another_form_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        address_of(url)
    assert SECRET not in caught.value.message + caught.value.hint
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("option", ["ssl=true", "iam=true"])
def test_tls_that_is_asked_for_verifies(option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retailstream.adapters.database.mysql_address._token", lambda _address: "token")
    context = address_of(f"mysql+pymysql://ann@h/db?{option}").connect_arguments()["ssl"]
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    context = address_of(f"mysql+pymysql://ann@h/db?{option}&ssl_check_hostname=false").connect_arguments()["ssl"]
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert not context.check_hostname
    assert "ssl" not in address_of("mysql+pymysql://ann@h/db").connect_arguments()


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (pymysql.err.OperationalError(2003, "Can't connect"), TransientError),
        (pymysql.err.OperationalError(2006, "gone"), TransientError),
        (pymysql.err.OperationalError(2013, "lost"), TransientError),
        (pymysql.err.InterfaceError(0, ""), TransientError),
        (pymysql.err.InternalError(1205, "Lock wait timeout"), TransientError),
        (pymysql.err.OperationalError(1213, "Deadlock"), TransientError),
        (pymysql.err.OperationalError(1040, "Too many"), TransientError),
        (pymysql.err.OperationalError(1045, "Access denied"), UsageError),
        (pymysql.err.OperationalError(1049, "Unknown database"), UsageError),
        (pymysql.err.OperationalError(1114, "The table is full"), RetailStreamError),
        (pymysql.err.IntegrityError(1062, "Duplicate entry"), RetailStreamError),
        (pymysql.err.ProgrammingError("no code"), RetailStreamError),
    ],
)
def test_each_error_has_its_kind(error: Exception, kind: type[RetailStreamError]) -> None:
    with pytest.raises(RetailStreamError) as caught, mapped(address_of(f"mysql+pymysql://ann:{SECRET}@h/db")):
        raise error
    assert type(caught.value) is kind
    assert "mysql+pymysql://ann:***@h:3306/db" in caught.value.message


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mysql://ann:a/b@h/db", "mysql://ann:***@h/db"),
        ("mysql://ann:a@b/c@h/db", "mysql://ann:***@h/db"),
        ("mysql://ann:x@h/db?ssl_key_password=y&a=b", "mysql://ann:***@h/db?ssl_key_password=***&a=b"),
        ("s3://bucket?Secret=y", "s3://bucket?Secret=***"),
    ],
)
def test_odd_passwords_are_masked_too(url: str, shown: str) -> None:
    assert masked(url) == shown


def test_the_driver_is_imported_for_its_scheme_alone() -> None:
    code = (
        "import sys; from retailstream import wiring\n"
        "with wiring.open_database('sqlite:///nowhere.db', create=False): pass\n"
        "assert not {'pymysql', 'tenacity', 'boto3'} & set(sys.modules)\n"
        "with wiring.open_database('mysql+pymysql://ann@h/db', create=False): pass\n"
        "assert 'pymysql' in sys.modules and 'boto3' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

"""Passwords of URLs are stars wherever a sentence has them, and nothing else is."""

from __future__ import annotations

import pytest

from retailstream.masking import masked_text


@pytest.mark.parametrize(
    "text",
    [
        "mysql+pymysql://ann:SECRET@host/db",
        "cannot open 'mysql+pymysql://host/db?user=a&password=SECRET'.",
        "database.url 'ann:SECRET@host/db' has no known scheme",
        "(ann:SECRET@host:3306/db)",
        "//ann:SECRET@host/db",
        "mysql//ann:SECRET@host/db",
        "mysql:///ann:SECRET@host/db",
        "mysql:/ann:SECRET@host/db",
        "ann:SEC@RET@host/db",
        "host/db?passwd=SECRET",
        "host/db?x=1&PASS=SECRET",
        "host/db?pw=SECRET",
        "host/db;Password=SECRET;x=1",
        "passwd=SECRET",
    ],
)
def test_a_password_is_masked(text: str) -> None:
    told = masked_text(text)

    assert "RET" not in told.replace("***", "")
    assert "***" in told


@pytest.mark.parametrize(
    "text",
    [
        "use mysql+pymysql://USER:PASSWORD@HOST:PORT/DATABASE",
        "sales/week.csv:12 was sent by ann@host",
        "file:///data/lake//clean at 12:30",
        "hive://ann@host:10000/db",
        "--where 'store = 1 and dept=2'",
        "mysql://host/db?ssl_ca=/etc/ca.pem",
    ],
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert masked_text(text) == text

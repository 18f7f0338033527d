"""Certificates of authorities of our own, for servers on this machine."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

OPENSSL = [
    *("openssl", "req", "-x509", "-nodes", "-days", "2"),
    *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
]


def make_authority(folder: Path, name: str) -> None:
    """Make an authority: `name.pem` and `name.key`."""
    do(*OPENSSL, "-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.pem"), "-subj", f"/CN={name}")


def make_certificate(folder: Path, name: str, authority: str) -> None:
    """Make the certificate of a server on the loopback address: `name.pem` and `name.key`."""
    do(
        *OPENSSL,
        *("-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.pem"), "-subj", f"/CN=a {name}"),
        *("-CA", str(folder / f"{authority}.pem"), "-CAkey", str(folder / f"{authority}.key")),
        *("-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"),
    )


def do(*command: str) -> None:
    """Run a program that has to succeed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr

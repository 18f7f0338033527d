#!/usr/bin/env bash
# PyHive 0.7.0 with pure-sasl 0.6.2: where python-sasl is not installed, PyHive speaks SASL through
# pyhive.sasl_compat.PureSASLClient. Its `encode`, called for what is sent, unwraps; its `decode`, called for what
# arrives, wraps. PLAIN and NOSASL do not show it, since both do nothing there; with a security layer (Kerberos with
# qop auth-int or auth-conf, as `hive.server2.thrift.sasl.qop` asks) the first message after the handshake is wrong.
# Remedy: a client of one's own, whose `encode` wraps and whose `decode` unwraps.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet 'pyhive==0.7.0' 'pure-sasl==0.6.2'
"$folder/env/bin/python" - <<'PYTHON'
from importlib.metadata import version

from pyhive.sasl_compat import PureSASLClient


class Sealing(PureSASLClient):
    """A client whose security layer can be seen."""

    def wrap(self, data):
        return b"sealed(" + data + b")"

    def unwrap(self, data):
        return b"opened(" + data + b")"


client = Sealing("hive.example", "hive")
sent, arrived = client.encode(b"query"), client.decode(b"answer")
print(f"PyHive {version('pyhive')}, pure-sasl {version('pure-sasl')}")
print(f"encode, for what is sent:     {sent}")
print(f"decode, for what has arrived: {arrived}")
assert sent == (True, b"opened(query)")
assert arrived == (True, b"sealed(answer)")
PYTHON

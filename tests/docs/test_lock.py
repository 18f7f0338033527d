"""What is installed is what `constraints.txt` names, and every file that may be installed is named by its hash."""

from __future__ import annotations

import re
from importlib import metadata
from typing import Final

from tests.docs.steps import ROOT

LOCK: Final = (ROOT / "constraints.txt").read_text(encoding="utf-8")
PINNED: Final = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^\s;]+)(?P<rest>[^\n]*\\\n(?:.*\\\n)*.*)$", re.MULTILINE)


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins() -> dict[str, re.Match[str]]:
    return {normal(found["name"]): found for found in PINNED.finditer(LOCK)}


def test_every_version_has_hashes() -> None:
    names = re.findall(r"^([\w.-]+)==", LOCK, re.MULTILINE)
    assert len(names) > 100
    assert sorted(map(normal, names)) == sorted(pins())
    assert [name for name, found in pins().items() if "--hash=sha256:" not in found["rest"]] == []


def test_what_is_installed_is_what_is_locked() -> None:
    locked = pins()
    installed = {normal(found.metadata["Name"]): found.version for found in metadata.distributions()}
    wrong = {
        name: version for name, version in installed.items() if name in locked and locked[name]["version"] != version
    }
    assert wrong == {}
    assert set(installed) - set(locked) <= {"retailstream"}

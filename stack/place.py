"""Where a stack lies: its folder, and the ports and credentials that it was given when it was first started."""

from __future__ import annotations

import json
import os
import shutil
import socket
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT: Final = Path(__file__).parents[1]

CACHE: Final = ROOT / ".cache" / "services"
"""What was installed; it stays when a stack goes."""

HOST: Final = "127.0.0.1"


@dataclass
class Place:
    """One stack; everything in its folder goes with it."""

    folder: Path
    ports: dict[str, int] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def here(cls) -> Place:
        """Return the stack of this checkout, or of the folder that RETAILSTREAM_STACK names."""
        place = cls(Path(os.environ.get("RETAILSTREAM_STACK", ROOT / ".stack")).absolute())
        if place._notes.is_file():
            noted = json.loads(place._notes.read_text())
            place.ports, place.secrets = noted["ports"], noted["secrets"]
        return place

    @property
    def environment(self) -> Path:
        """The file of variables for whoever works with the stack."""
        return self.folder / "env"

    def port(self, name: str) -> int:
        """Return the port of a server, a free one the first time."""
        if name not in self.ports:
            with closing(socket.socket()) as listener:
                listener.bind((HOST, 0))
                self.ports[name] = listener.getsockname()[1]
        return self.ports[name]

    def secret(self, name: str) -> str:
        """Return a credential, made up the first time."""
        return self.secrets.setdefault(name, token_hex(16))

    def data(self, name: str) -> Path:
        """Return a folder for data, made the first time."""
        folder = self.folder / "data" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def log(self, name: str) -> Path:
        """Return the file that a server logs into."""
        return self.folder / "log" / f"{name}.log"

    def keep(self) -> None:
        """Note ports and credentials, for the owner of the folder alone."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.folder / "log").mkdir(exist_ok=True)
        write_private(self._notes, json.dumps({"ports": self.ports, "secrets": self.secrets}))

    def remove(self) -> None:
        """Take everything away."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _notes(self) -> Path:
        return self.folder / "notes.json"


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, from its first byte on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(text)


def variables(pairs: Iterable[tuple[str, str]]) -> str:
    """Return variables as a file of them."""
    return "".join(f"{name}='{value}'\n" for name, value in pairs)

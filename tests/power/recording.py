"""What the shim recorded: each call that changed something below a folder, in the order the kernel saw them."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Call(IntEnum):
    """The kinds of calls, numbered as in `shim.c`."""

    OPEN = 0
    WRITE = 1
    TRUNCATE = 2
    RENAME = 3
    UNLINK = 4
    MKDIR = 5
    RMDIR = 6
    SYNC = 7
    SYNC_ALL = 8
    LINK = 9


@dataclass(frozen=True)
class Event:
    """One call: `at` is an offset, a length, or the flags of an open."""

    call: Call
    file: int
    at: int
    path: str
    target: str
    data: bytes

    @property
    def can_fail(self) -> bool:
        """Whether the shim counts it among the calls that change something."""
        return self.call is not Call.OPEN or bool(self.at & (os.O_CREAT | os.O_TRUNC))


_HEAD: Final = struct.Struct("<iiiiqq")


def events_of(journal: Path) -> list[Event]:
    """Return all that was recorded."""
    return list(_events(memoryview(journal.read_bytes())))


def _events(data: memoryview) -> Iterator[Event]:
    place = 0
    while place < len(data):
        call, file, path, target, at, size = _HEAD.unpack_from(data, place)
        place += _HEAD.size
        held = size if call == Call.WRITE else 0
        ends = (place + path, place + path + target, place + path + target + held)
        yield Event(
            Call(call),
            file,
            at,
            os.fsdecode(data[place : ends[0]].tobytes()),
            os.fsdecode(data[ends[0] : ends[1]].tobytes()),
            data[ends[1] : ends[2]].tobytes(),
        )
        place = ends[2]

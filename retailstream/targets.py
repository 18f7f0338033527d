"""Files and folders that a user names for us to write: what is none is refused, and what is one is replaced whole."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from retailstream import durable
from retailstream.access import hand_out
from retailstream.errors import RetailStreamError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def check_file(path: Path, name: str, *, makes_folder: bool = False) -> None:
    """Raise UsageError, which says `name`, where no file can be written at that path: a device, a pipe, a folder."""
    if not makes_folder and not path.parent.is_dir():
        raise UsageError(f"the folder {path.parent} of {name} does not exist", hint=f"mkdir -p {path.parent}")
    if path.exists() and not path.is_file():
        raise UsageError(f"{name} {path} exists and is no file", hint="name a new file, or one to be replaced")


def check_folder(folder: Path, name: str) -> None:
    """Raise UsageError, which says `name`, where no folder for files can be made at that path."""
    there = next((place for place in (folder, *folder.absolute().parents) if place.exists()), folder)
    if there.exists() and not there.is_dir():
        place = f"{name} {folder}" if there == folder else f"{there}, which {name} {folder} lies in,"
        raise UsageError(f"{place} is no folder", hint="name a new folder, or one that is there")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path beside the target, which takes its place at the end, durably; a link stays, its target changes.

    Raises RetailStreamError where that cannot be, as where the target is a device, a pipe or a folder.
    """
    target = path.resolve()
    if target.exists() and not target.is_file():
        raise RetailStreamError(f"{path} exists and is no file", hint="name a new file, or one to be replaced")
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        yield part
        hand_out(part)
        durable.replace(part, target)
    except OSError as error:
        raise RetailStreamError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)

"""The parts of an environment: which of them lie in its home, and who has to keep copies of the others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from retailstream.errors import RetailStreamError
from retailstream.masking import masked

if TYPE_CHECKING:
    from retailstream.settings import Settings

MEMORY: Final = "state.db"
"""The memory in a home, and in a backup whatever it lies in otherwise."""

DATABASE: Final = "retail.db"
"""The database in a backup, whatever its file is called."""

LANDED: Final = ("raw", "features")
"""Folders that cannot be made again from others."""

MADE: Final = ("clean", "warehouse")
"""Folders of published tables, which `run` makes again."""

RESTORING: Final = ".restoring"
"""A folder of the home with what a restore has not put in place yet."""

_INSTEAD: Final = {
    "s3": "versioning of the bucket",
    "hdfs": "snapshots of HDFS",
    "mysql": "mysqldump",
    "hive": "snapshots of its folder, and a dump of the Metastore's database",
}


@dataclass(frozen=True)
class Part:
    """A part of an environment; `path` is where it lies in the home, and None where it is elsewhere."""

    name: str
    setting: str
    url: str
    path: Path | None

    @property
    def instead(self) -> str:
        """What keeps a copy of a part that is not in the home."""
        scheme = self.url.partition("://")[0].partition("+")[0]
        return _INSTEAD.get(scheme, "a copy of that folder")

    def as_dict(self) -> dict[str, str]:
        """Return the part as the summary has what is not copied."""
        return {"setting": self.setting, "url": masked(self.url), "instead": self.instead}


def refuse_half_restored(home: Path) -> None:
    """Raise where a restore was stopped while it put things in place: what is there belongs to two times."""
    if (home / RESTORING).exists():
        raise RetailStreamError(
            f"a restore of the home {home} was stopped half way",
            hint="retailstream restore FILE --force begins it anew",
        )


def parts_of(home: Path, settings: Settings) -> dict[str, Part]:
    """Return the parts of an environment by their names in a backup, but for its memory."""
    urls = {
        "raw": ("lake.raw", settings.lake.raw),
        "features": ("features.url", settings.features.url),
        "clean": ("lake.clean", settings.lake.clean),
        "warehouse": ("warehouse.url", settings.warehouse.url),
        DATABASE: ("database.url", settings.database.url),
    }
    return {name: Part(name, setting, url, _within(home, url)) for name, (setting, url) in urls.items()}


def _within(home: Path, url: str) -> Path | None:
    scheme, separator, rest = url.partition("://")
    if separator and scheme not in {"file", "sqlite"}:
        return None
    path = Path(rest.removeprefix("/") if scheme == "sqlite" else rest or url)
    inside = path.absolute().is_relative_to(home.absolute()) and path.absolute() != home.absolute()
    return path if inside else None

"""The places of an environment are folders, and apart.

Of two that are one, each would take the other's files for left-overs.
"""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Final

from retailstream.contracts import CONTRACTS
from retailstream.errors import UsageError
from retailstream.masking import masked
from retailstream.targets import check_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retailstream.settings import Settings

_HINT: Final = "give each a folder of its own, beside the other"


def check_folders(home: Path, settings: Settings) -> None:
    """Raise UsageError where a place of this machine is a file, or lies below one; the home is checked before."""
    for name, url in _written(settings):
        if folder := _local(url):
            check_folder(folder, name)
    check_folder(Path(settings.lake.copies), "lake.copies")
    for part in ("work", "locks"):
        check_folder(home / part, "the home's folder")


def check_places(settings: Settings) -> None:
    """Raise UsageError where two places of the settings are one, or one lies in the other."""
    # One with nothing behind its scheme is no place: whoever opens it says so.
    places = [(name, url) for name, url in _places(settings) if len(_parts(url)) > 1]
    for (name, url), (other, there) in combinations(places, 2):
        one, two = _parts(url), _parts(there)
        if one == two:
            raise UsageError(f"{name} and {other} are one place: {masked(url)}", hint=_HINT)
        inner, outer = (name, other) if len(one) > len(two) else (other, name)
        if one[: len(two)] == two or two[: len(one)] == one:
            raise UsageError(f"{inner} lies in {outer}: {masked(dict(places)[inner])}", hint=_HINT)


def _places(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield the folders that we write to, and those that files come from, by the names of their settings."""
    yield from _written(settings)
    for dataset in CONTRACTS:
        yield f"source.path ({dataset})", f"{settings.source.path}/{dataset}"


def _written(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield the folders that we write to, by the names of their settings."""
    yield "lake.raw", settings.lake.raw
    yield "lake.clean", settings.lake.clean
    yield "features.url", settings.features.url
    is_hive = settings.warehouse.url.startswith("hive://")
    warehouse = ("hive.location", settings.hive.location) if is_hive else ("warehouse.url", settings.warehouse.url)
    if warehouse[1]:
        yield warehouse


def _local(url: str) -> Path | None:
    """Return the folder of a URL that means one of this machine."""
    scheme, separator, rest = url.partition("://")
    if separator and scheme != "file":
        return None
    return Path(rest if separator else url) if rest or not separator else None


def _parts(url: str) -> tuple[str, ...]:
    """`"file:///a/b/../c/"` → `("", "/", "a", "c")`, `"s3://bucket/x"` → `("s3", "bucket", "x")`."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme == "file":
        return ("", *Path(rest if separator else url).resolve().parts)
    return (scheme, *(part for part in rest.split("/") if part))

"""Tables published as Parquet files that one small manifest names.

New files are written beside the old ones, then the manifest is replaced in one step, then the old files go. A reader
that follows the manifest sees the old version or the new one. File names are content hashes, so the same rows always
leave the same bytes behind, however often a run was stopped. See docs/adr/0003-manifests.md.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from retailstream.errors import DamagedError, RetailStreamError
from retailstream.hashing import sha256
from retailstream.manifest_files import NewerFormatError, decoded, encoded
from retailstream.manifests import Manifest, Partition

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from retailstream.contracts import Contract
    from retailstream.manifests import NewPartition
    from retailstream.ports import Lake

MANIFEST = "_manifest.json"

AT_ONCE = 32
"""How many files are on their way at a time: to a lake on a server each takes half a second, most of it waiting."""


def manifest_key(contract: Contract) -> str:
    """Return where the manifest of a table lies: the object that is a version of it."""
    return f"{contract.name}/{MANIFEST}"


class PublishedTable:
    """One table in one lake."""

    def __init__(self, lake: Lake, contract: Contract) -> None:
        self.lake = lake
        self.contract = contract

    def manifest(self) -> Manifest:
        """Return the current version; one without partitions where nothing was published, or not with these columns."""
        data = self.lake.read(manifest_key(self.contract))
        if data is None:
            return Manifest(self.contract.names)
        try:
            found = decoded(data)
        except NewerFormatError as error:
            raise RetailStreamError(
                f"the manifest of table '{self.contract.name}' in {self.lake.url} has format {error}: a newer"
                " retailstream wrote it",
                hint="upgrade retailstream, or name another place",
            ) from error
        except ValueError as error:
            raise DamagedError(
                f"the manifest of table '{self.contract.name}' in {self.lake.url} is damaged",
                key=manifest_key(self.contract),
                hint="delete it and run again: the table is rebuilt",
            ) from error
        if found.columns != self.contract.names:
            return Manifest(self.contract.names, passed=found.landing)
        return found

    def intact(self, manifest: Manifest) -> bool:
        """Say whether every file of a version is still there, with its size."""
        sizes = self.lake.sizes(f"{self.contract.name}/")
        return all(sizes.get(partition.file) == partition.bytes for partition in manifest.partitions.values())

    def paths(self, manifest: Manifest) -> list[Path]:
        """Return local files with the table's rows, in the order of the partitions."""
        return self.lake.fetch_all([partition.file for _name, partition in sorted(manifest.partitions.items())])

    def publish(
        self, old: Manifest, changes: Mapping[str, NewPartition | None], *, landing: int, reading: str = ""
    ) -> Manifest:
        """Put new partitions in place (None: take one away) in one step, and return the new version."""
        partitions = {**old.partitions, **put_all(self.lake, changes, self._key)}
        for name in [name for name, change in changes.items() if change is None]:
            partitions.pop(name, None)
        new = Manifest(self.contract.names, landing, dict(sorted(partitions.items())), reading)
        if new != old or not old.current:
            self.lake.write(manifest_key(self.contract), encoded(new))
        self.sweep(new)
        return new

    def sweep(self, manifest: Manifest) -> None:
        """Remove every file that the version does not name: older versions, and what a killed run left."""
        keep = {manifest_key(self.contract), *(partition.file for partition in manifest.partitions.values())}
        self.lake.delete([key for key in self.lake.sizes(f"{self.contract.name}/") if key not in keep])

    def _key(self, name: str, digest: str) -> str:
        folder = f"{self.contract.name}/month={name}" if self.contract.by_month else self.contract.name
        return f"{folder}/{digest[:16]}"


def put_all(
    lake: Lake, changes: Mapping[str, NewPartition | None], key: Callable[[str, str], str]
) -> dict[str, Partition]:
    """Store the files of new partitions, several at a time, each under a key of its name, digest and ending."""

    def put(name: str, change: NewPartition) -> Partition:
        digest = sha256(change.path)
        file = key(name, digest) + change.path.suffix
        lake.put(file, change.path)
        return Partition(file, digest, change.rows, change.path.stat().st_size, change.source)

    new = {name: change for name, change in changes.items() if change is not None}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(new, pool.map(put, new, new.values()), strict=True))

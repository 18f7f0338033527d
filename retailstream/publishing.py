"""Tables published as Parquet files that one small manifest names.

New files are written beside the old ones, then the manifest is replaced in one step, then the old files go. A reader
that follows the manifest sees the old version or the new one. Files are named by a digest of their rows, and one that
holds these rows already stays, so the same rows leave the same files behind, however often a run was stopped and by
whichever engine they are made anew. See docs/adr/0003-manifests.md.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from retailstream.errors import DamagedError, RetailStreamError
from retailstream.hashing import known_sha256, sha256
from retailstream.manifest_files import NewerFormatError, decoded, encoded
from retailstream.manifests import WHOLE, Manifest, Partition
from retailstream.ownership import files_not_ours, refuse_strangers

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    from retailstream.contracts import Contract
    from retailstream.manifests import NewPartition
    from retailstream.ports import Lake, Table

MANIFEST = "_manifest.json"
DOUBT = "_damaged"
"""The object that says of a table that a file of it was found damaged: the next version is made anew, and sweeps it."""


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
                hint="retailstream repair makes the table anew",
            ) from error
        if found.columns != self.contract.names:
            return Manifest(self.contract.names, passed=found.landing)
        return found

    def strangers(self) -> str:
        """Say what at the table's place is not ours, before its first version; empty where nothing is."""
        files = self.lake.sizes(f"{self.contract.name}/")
        return "" if manifest_key(self.contract) in files else files_not_ours(self.lake.url, self.contract.name, files)

    def kept(self) -> Partition | None:
        """Return what is published of a table kept whole, whatever its columns; None where nothing is."""
        try:
            return decoded(self.lake.read(manifest_key(self.contract)) or b"").partitions.get(WHOLE)
        except ValueError:
            return None

    def adopt(self) -> None:
        """Have what is at the table's place count as ours: the next version takes its place."""
        if self.strangers():
            self.lake.write(manifest_key(self.contract), encoded(Manifest(self.contract.names)))

    def intact(self, manifest: Manifest) -> bool:
        """Say whether every file of a version is still there, with its size, and none was found damaged."""
        return are_there(self.lake, self.contract.name, manifest)

    def paths(self, manifest: Manifest) -> list[Path]:
        """Return local files with the table's rows, in the order of the partitions, each as it was published.

        Raises DamagedError where one is not.
        """
        return verified(self.lake, manifest)

    def doubt(self) -> None:
        """Note that a file was found damaged, so that the stage which makes the table makes it anew."""
        note_doubt(self.lake, self.contract.name)

    def publish(
        self, old: Manifest, changes: Mapping[str, NewPartition | None], *, landing: int, reading: str = ""
    ) -> Manifest:
        """Put new partitions in place (None: take one away) in one step, and return the new version.

        The first version of all is an empty one: files without a manifest are those of a table that lost it.
        """
        if not old.partitions:
            refuse_strangers(self)
            if not _files(self):
                self.lake.write(manifest_key(self.contract), encoded(Manifest(self.contract.names)))
        partitions = next_partitions(self.lake, old, changes, self._key)
        new = Manifest(self.contract.names, landing, partitions, reading)
        if new != old or not old.current:
            self.lake.write(manifest_key(self.contract), encoded(new))
        self.sweep(new)
        return new

    def sweep(self, manifest: Manifest) -> None:
        """Remove every file that the version does not name: older versions, and what a killed run left."""
        if not manifest.partitions:
            refuse_strangers(self)
        keep = {manifest_key(self.contract), *(partition.file for partition in manifest.partitions.values())}
        self.lake.delete([key for key in self.lake.sizes(f"{self.contract.name}/") if key not in keep])

    def _key(self, name: str, digest: str) -> str:
        folder = f"{self.contract.name}/month={name}" if self.contract.by_month else self.contract.name
        return f"{folder}/{digest[:16]}"


def check_published(table: Table, manifest: Manifest) -> None:
    """Raise DamagedError where a table has files, and no manifest that says which of them are a version of it.

    Raises UsageError where they are not ours.
    """
    if manifest.partitions or not isinstance(table, PublishedTable):
        return
    files, key = _files(table), manifest_key(table.contract)
    if files and key not in files:
        refuse_strangers(table)
        raise DamagedError(
            f"the manifest of table '{table.contract.name}' in {table.lake.url} is missing beside its files",
            key=key,
            hint="retailstream run, which makes the table anew",
        )


def _files(table: PublishedTable) -> list[str]:
    """Return the objects of a table, but not what a killed run wrote of its first manifest beside that one's place."""
    key = manifest_key(table.contract)
    return [found for found in table.lake.sizes(f"{table.contract.name}/") if found == key or not found.startswith(key)]


def are_there(lake: Lake, table: str, manifest: Manifest) -> bool:
    """Say whether a table's files are there, with their sizes, and none of them was found damaged."""
    sizes = lake.sizes(f"{table}/")
    partitions = manifest.partitions.values()
    return f"{table}/{DOUBT}" not in sizes and all(sizes.get(part.file) == part.bytes for part in partitions)


def note_doubt(lake: Lake, table: str) -> None:
    """Note that a file of a table was found damaged."""
    lake.write(f"{table}/{DOUBT}", b"")


def verified(lake: Lake, manifest: Manifest, names: Collection[str] | None = None) -> list[Path]:
    """Return local files with the rows of partitions (None: all), by their names, each as it was published.

    A copy that is damaged is fetched again. Raises DamagedError where the object itself is.
    """
    parts = [part for name, part in sorted(manifest.partitions.items()) if names is None or name in names]
    if not parts:
        return []
    paths = lake.fetch_all([part.file for part in parts])
    if wrong := [part.file for part, path in zip(parts, paths, strict=True) if known_sha256(path) != part.sha256]:
        lake.drop_copies(wrong)
        again = dict(zip(wrong, lake.fetch_all(wrong), strict=True))
        paths = [again.get(part.file, path) for part, path in zip(parts, paths, strict=True)]
    for part, path in zip(parts, paths, strict=True):
        if part.file in wrong and known_sha256(path) != part.sha256:
            raise DamagedError(
                f"file '{part.file}' in {lake.url} is not the one that was published",
                key=part.file,
                hint="retailstream repair",
            )
    return paths


def clean_sources(
    table: PublishedTable, manifest: Manifest, names: Collection[str], *, note: bool = True
) -> list[Path]:
    """Return local files of clean partitions that something is made from.

    Raises DamagedError where one is damaged: unless `note` is false, the next merge then makes the table anew.
    """
    try:
        return verified(table.lake, manifest, names)
    except DamagedError as error:
        if note:
            with suppress(RetailStreamError):  # whoever may only read the bucket, such as a Lambda function
                table.doubt()
        raise DamagedError(
            f"clean {error.message}",
            key=error.key,
            hint="retailstream glue-merge makes the table anew, retailstream run all that hangs on it",
            remade_by="glue-merge",
        ) from error


def _is_as_published(lake: Lake, partition: Partition) -> bool:
    try:
        return bool(verified(lake, Manifest((), partitions={"": partition})))
    except RetailStreamError:
        return False  # it is damaged, or gone


def next_partitions(
    lake: Lake, old: Manifest, changes: Mapping[str, NewPartition | None], key: Callable[[str, str], str]
) -> dict[str, Partition]:
    """Store the files of new partitions (None: one is taken away), and return those of the next version by name.

    `key` makes one of a partition's name and a digest, to which the file's ending is added.

    A file of the old version that has these rows, as bytes that may be others, stays: readers of that version, and
    those of one whose manifest a killed run did not live to write, must not find other bytes under a name they know.
    """
    found = {name: part for name, part in old.partitions.items() if name not in changes}
    files: list[tuple[str, Path]] = []
    for name, change in changes.items():
        if change is None:
            continue
        digest, size = sha256(change.path), change.path.stat().st_size
        file = key(name, change.rows_digest or digest) + change.path.suffix
        before = old.partitions.get(name)
        if before and before.file == file and _is_as_published(lake, before):
            found[name] = replace(before, source=change.source)
        else:
            found[name] = Partition(file, digest, change.rows, size, change.source, change.rows_digest)
            files.append((file, change.path))
    lake.put_all(files)
    return dict(sorted(found.items()))

"""Published tables, and where analyses read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from retailstream.contracts import Contract
    from retailstream.manifests import Manifest, NewPartition, Partition
    from retailstream.ports.lake import Lake


class Table(Protocol):
    """A published table: readers see one version or the next, never half."""

    @property
    def contract(self) -> Contract:
        """What its rows look like."""
        ...

    @property
    def lake(self) -> Lake:
        """Where its files lie."""
        ...

    def manifest(self) -> Manifest:
        """Return the current version; one without partitions where nothing was published, or not with these columns."""
        ...

    def intact(self, manifest: Manifest) -> bool:
        """Say whether every file of a version is still there, with its size, and none was found damaged."""
        ...

    def paths(self, manifest: Manifest) -> list[Path]:
        """Return local files with the table's rows, in the order of the partitions, each as it was published.

        Raises DamagedError where one is not.
        """
        ...

    def strangers(self) -> str:
        """Say what at the table's place is not ours, before its first version; empty where nothing is."""
        ...

    def kept(self) -> Partition | None:
        """Return what is published of a table kept whole, whatever its columns; None where nothing is."""
        ...

    def adopt(self) -> None:
        """Have what is at the table's place count as ours: the next version takes its place."""
        ...

    def doubt(self) -> None:
        """Note that a file was found damaged, so that the stage which makes the table makes it anew."""
        ...

    def publish(
        self, old: Manifest, changes: Mapping[str, NewPartition | None], *, landing: int, reading: str = ""
    ) -> Manifest:
        """Put new partitions in place (None: take one away) in one step, and return the new version."""
        ...

    def sweep(self, manifest: Manifest) -> None:
        """Remove what no longer belongs to any version."""
        ...


@dataclass(frozen=True)
class Foreign:
    """What others put where readers of a table look: a file, by its key, or a partition, by its table and name."""

    thing: str
    is_partition: bool = False


class Warehouse(Protocol):
    """Where the tables lie that analyses read."""

    @property
    def url(self) -> str:
        """Where it is, fit to be printed."""
        ...

    def table(self, contract: Contract) -> Table:
        """Return the published table of that contract."""
        ...

    def foreign(self, contract: Contract) -> list[Foreign]:
        """Return what others put where readers of that table look; nothing of it is read."""
        ...

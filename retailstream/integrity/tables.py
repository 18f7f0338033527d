"""Published tables: whether the manifest is one that was written, and every file the one that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retailstream.integrity.damage import MOVE, REPAIR, RESTORE, WAREHOUSE, Damage
from retailstream.pending import find_pending
from retailstream.publishing import DOUBT, check_published, manifest_key, verified

if TYPE_CHECKING:
    from retailstream.contracts import Contract
    from retailstream.fingerprints import Fingerprint
    from retailstream.integrity.damage import Findings
    from retailstream.manifests import Manifest
    from retailstream.ports import Engine, Foreign, Table, Warehouse
    from retailstream.read_limits import ReadLimits
    from retailstream.runs import Books

RUN = "retailstream run"


def manifest_of(findings: Findings, place: str, table: Table) -> Manifest | None:
    """Return the version of a table, or None where its manifest cannot be read, which is noted."""
    findings.count(place)
    with findings.looking(place, manifest_key(table.contract), table.contract.name):
        return table.manifest()
    return None


def look(findings: Findings, place: str, table: Table, manifest: Manifest, *, deep: bool) -> bool:
    """Compare a table's files with its manifest, and say whether all of them are as they were published."""
    before, name = len(findings.damages), table.contract.name
    parts = [(month, part) for month, part in manifest.partitions.items() if part.sha256]  # others are told by name
    findings.count(place, len(parts))
    with findings.looking(place, manifest_key(table.contract), name, mend=RUN):
        check_published(table, manifest)
    if not manifest.partitions:
        return len(findings.damages) == before
    with findings.looking(place, name, name):
        sizes = table.lake.sizes(f"{name}/")
        if f"{name}/{DOUBT}" in sizes:
            findings.add(
                Damage(place, name, "a file of it was found damaged, and it is not made anew yet", dataset=name)
            )
        for month, part in parts:
            size = sizes.get(part.file)
            if size != part.bytes:
                state = (
                    "it is missing" if size is None else f"it has {size:,} bytes, and was published with {part.bytes:,}"
                )
                findings.add(Damage(place, part.file, state, dataset=name))
            elif deep:
                with findings.looking(place, part.file, name):
                    verified(table.lake, manifest, [month])
    return len(findings.damages) == before and len(parts) == len(manifest.partitions)


def look_for_foreign(findings: Findings, warehouse: Warehouse, contract: Contract) -> None:
    """Note what others put where readers of a table of the warehouse look."""
    with findings.looking(WAREHOUSE, contract.name, contract.name):
        for found in warehouse.foreign(contract):
            findings.add(_intruding(found, contract))


def _intruding(found: Foreign, contract: Contract) -> Damage:
    if found.is_partition:
        state = "somebody else added this partition, or changed it: Hive counts its rows"
        return Damage(WAREHOUSE, found.thing, state, REPAIR, contract.name)
    state = "it is in no version of the table, and whoever reads the folder counts its rows"
    return Damage(WAREHOUSE, found.thing, state, MOVE, contract.name)


def rows(findings: Findings, place: str, table: Table, manifest: Manifest, engine: Engine) -> Fingerprint | None:
    """Return what a table holds whose files are as they were published, or None where it does not hold its rows."""
    name = table.contract.name
    with findings.looking(place, name, name):
        held = engine.fingerprint(table.contract, verified(table.lake, manifest))
        if held.rows == manifest.rows:
            return held
        state = f"it has {held.rows:,} rows, and was published with {manifest.rows:,}"
        findings.add(Damage(place, name, state, dataset=name))
    return None


def look_at_landing(
    findings: Findings, place: str, table: Table, manifest: Manifest, books: Books, limits: ReadLimits
) -> None:
    """Compare how far a table has come with what has landed."""
    name = table.contract.name
    with findings.looking(place, name, name):
        newest = max((file.landing for file in books.landings.files()), default=0)
        if manifest.landing > newest:
            state = f"'{name}' has rows of landing {manifest.landing}, and the memory knows {newest}: an older copy"
            findings.add(Damage("memory", f"landings of {name}", state, RESTORE, name))
            return
        pending = find_pending(table, books, limits)
        if pending.files and not pending.anew:
            state = f"landing {pending.landing} is not in it, which has come as far as {manifest.landing}"
            findings.add(Damage(place, name, state, RUN, name))

"""One look at all that an environment keeps, from the memory to the warehouse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from retailstream.contracts import CONTRACTS, FEATURES, SALES, STORES
from retailstream.integrity import landed, memory, tables
from retailstream.integrity.damage import CLEAN, DATABASE, MEMORY, RESTORE, WAREHOUSE, Damage, Findings
from retailstream.landings import Scope
from retailstream.ports import DOUBTED
from retailstream.publishing import PublishedTable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from retailstream.contracts import Contract
    from retailstream.fingerprints import Fingerprint
    from retailstream.manifests import Manifest
    from retailstream.ports import Database, Engine, Lake, State, Table, Warehouse
    from retailstream.read_limits import ReadLimits
    from retailstream.runs import Books


@dataclass(frozen=True)
class Holdings:
    """What an environment has, each opened when it is looked at: damage may be met in opening.

    `problems` are what SQLite says of the pages of the memory and of the database, where they are files of its.
    """

    state: Callable[[], State]
    books: Callable[[Scope], Books]
    raw: Callable[[Scope], Lake]
    clean: Lake
    database: Callable[[], Database]
    warehouse: Warehouse
    engine: Engine
    limits: ReadLimits
    problems: Mapping[str, Callable[[], list[str]]]


def verify(holdings: Holdings, *, deep: bool) -> Findings:
    """Return what is damaged; `deep` reads every byte and every row, or else lengths, manifests and numbers alone."""
    look = _Look(holdings, Findings(), deep)
    remembered = look.at_memory()
    clean = {
        contract.name: look.at_table(CLEAN, PublishedTable(holdings.clean, contract)) for contract in (SALES, STORES)
    }
    stored = {name: look.at_table(WAREHOUSE, holdings.warehouse.table(c)) for name, c in CONTRACTS.items()}
    for contract in CONTRACTS.values():
        tables.look_for_foreign(look.findings, holdings.warehouse, contract)
    if remembered:
        look.at_landings({**clean, FEATURES.name: stored[FEATURES.name]})
    look.at_database(clean, stored)
    return look.findings


@dataclass(frozen=True)
class _Seen:
    """A published table as it was found; `held` is None where its rows were not read, or are not whole."""

    table: Table
    manifest: Manifest | None
    whole: bool = False
    held: Fingerprint | None = None


@dataclass(frozen=True)
class _Look:
    """A look in the making."""

    holdings: Holdings
    findings: Findings
    deep: bool

    def at_memory(self) -> bool:
        """Look at the memory, and at what landed; say whether it can be asked at all."""
        findings, holdings = self.findings, self.holdings
        self._pages(MEMORY, "state.db", RESTORE)
        if findings.damages:
            return False
        with findings.looking(MEMORY, "state.db", mend=RESTORE):
            memory.look(findings, holdings.state())
            for scope in Scope:
                with findings.looking(landed.place_of(scope), "its files"):
                    landed.look(findings, holdings.books(scope).landings, holdings.raw(scope), deep=self.deep)
            return True
        return False

    def at_table(self, place: str, table: Table) -> _Seen:
        """Look at a published table."""
        manifest = tables.manifest_of(self.findings, place, table)
        if manifest is None:
            return _Seen(table, None)
        whole = tables.look(self.findings, place, table, manifest, deep=self.deep)
        read = self.deep and whole
        held = tables.rows(self.findings, place, table, manifest, self.holdings.engine) if read else None
        return _Seen(table, manifest, whole, held)

    def at_landings(self, seen: Mapping[str, _Seen]) -> None:
        """Compare tables that are made of landed files with the landings."""
        for scope in Scope:
            for name in scope.datasets:
                if (manifest := seen[name].manifest) is not None:
                    place = WAREHOUSE if scope is Scope.FEATURES else CLEAN
                    books = self.holdings.books(scope)
                    tables.look_at_landing(
                        self.findings, place, seen[name].table, manifest, books, self.holdings.limits
                    )

    def at_database(self, clean: Mapping[str, _Seen], stored: Mapping[str, _Seen]) -> None:
        """Look at the database, and compare it with the clean bucket before it and the warehouse behind it."""
        before = len(self.findings.damages)
        self._pages(DATABASE, "the database")
        if len(self.findings.damages) > before:
            return
        with self.findings.looking(DATABASE, "the database"):
            database = self.holdings.database()
            for contract in (SALES, STORES):
                self._loaded(database, contract, clean[contract.name], stored[contract.name])

    def _loaded(self, database: Database, contract: Contract, clean: _Seen, stored: _Seen) -> None:
        findings, name = self.findings, contract.name
        with findings.looking(DATABASE, name, name):
            digests = database.digests(contract)
            if clean.manifest is None or (digests is None and not clean.manifest.partitions):
                return
            sources = {month: part.digest for month, part in clean.manifest.partitions.items()}
            if digests is None:
                findings.add(Damage(DATABASE, name, "the table is missing", tables.RUN, name))
                return
            findings.count(DATABASE, len(digests))
            if DOUBTED in digests.values():
                state = "rows of it were found damaged, and it is not loaded anew yet"
                findings.add(Damage(DATABASE, name, state, dataset=name))
            elif digests != sources:
                state = "it was loaded from another version of the clean table than there is"
                findings.add(Damage(DATABASE, name, state, tables.RUN, name))
            elif (loaded := clean.held or stored.held) and (found := database.fingerprint(contract)):
                difference = found.difference(loaded)
                if difference:
                    state = f"it has other rows than were loaded: {difference}"
                    findings.add(Damage(DATABASE, name, state, dataset=name))
        self._copied(contract, clean, stored, digests)

    def _copied(self, contract: Contract, clean: _Seen, stored: _Seen, digests: Mapping[str, str] | None) -> None:
        name = contract.name
        if stored.manifest is None or digests is None:
            return
        sources = {month: part.source for month, part in stored.manifest.partitions.items()}
        if sources != digests:
            if DOUBTED not in digests.values():
                state = "it was copied from another version of the database's table than there is"
                self.findings.add(Damage(WAREHOUSE, name, state, tables.RUN, name))
        elif clean.held and stored.held and (difference := stored.held.difference(clean.held)):
            state = f"it has other rows than the clean table: {difference}"
            self.findings.add(Damage(WAREHOUSE, name, state, dataset=name))

    def _pages(self, place: str, thing: str, mend: str = "retailstream repair") -> None:
        problems = self.holdings.problems.get(place)
        if problems is None:
            return
        self.findings.count(place)
        with self.findings.looking(place, thing, mend=mend):
            for problem in problems()[:3]:
                self.findings.add(Damage(place, thing, f"SQLite says: {problem}", mend))

"""The memory of an environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager


class State(Protocol):
    """The memory of an environment: the ledger, the landings and the quarantine, as small tables.

    None of it is needed to read the data itself. Statements are SQL that every memory reads alike, with `?` for values.
    """

    def ask(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of an answer."""
        ...

    def change(self, statement: str, values: Sequence[object] = ()) -> int:
        """Run a statement, and return how many rows it concerned."""
        ...

    def change_all(self, statement: str, rows: Sequence[Sequence[object]]) -> int:
        """Run a statement for each row of values, and return how many rows all of them concerned."""
        ...

    def upsert(
        self, insert: str, rows: Sequence[Sequence[object]], *, key: str, update: Sequence[str], where: str
    ) -> None:
        """Insert rows; of one whose key is there already, take over only `update`, and that only `where` it holds.

        A column that `where` asks for comes last in `update`.
        """
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """All of the block's statements, or none of them; no other process changes anything meanwhile."""
        ...

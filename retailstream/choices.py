"""Which columns of a table are copied, and as what: by the names that they have in the database, whatever its case."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from retailstream.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence


@dataclass(frozen=True)
class Changes:
    """Names that columns get instead of their own, and columns that are copied as text."""

    renames: Mapping[str, str] = field(default_factory=dict)
    as_text: Collection[str] = ()

    def name(self, column: str) -> str:
        """Return the name in the warehouse of a column that the database calls so."""
        return self.renames.get(column.lower(), column.lower())


AS_THEY_ARE: Final = Changes()


def chosen(table: str, there: Sequence[str], columns: Sequence[str] | None, changes: Changes) -> list[str]:
    """Return the columns that are wanted (None: all), in lower case; `there` has those of the table, as they are.

    Raises UsageError for one that is not there, or not among the wanted, and for two that have one name in the end.
    """
    known = [name.lower() for name in there]
    names = known if columns is None else list(dict.fromkeys(name.lower() for name in columns))
    for name in [*names, *changes.renames, *changes.as_text]:
        if name.lower() not in known:
            raise UsageError(f"column '{name}' is missing in table '{table}'", hint=f"there are {', '.join(known)}")
    for name in [*changes.renames, *changes.as_text]:
        if name.lower() not in names:
            raise UsageError(f"column '{name}' of table '{table}' is not copied", hint="name it with --columns, too")
    ends = [changes.name(name) for name in names]
    if twice := [name for name in ends if ends.count(name) > 1]:
        raise UsageError(
            f"two columns of table '{table}' are to be called '{twice[0]}'", hint="choose other names with --rename"
        )
    return names

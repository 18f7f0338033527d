"""How a long piece of work says how far it is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many are done, and of how many."""


def no_progress(_what: str, _done: int, _of: int) -> None:
    """Report to nobody."""

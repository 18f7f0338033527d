"""Moves a retail chain's weekly files to answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retailstream.version import __version__

if TYPE_CHECKING:
    from retailstream.api import analyze

__all__ = ["__version__", "analyze"]


def __getattr__(name: str) -> object:
    """Import the library when it is asked for: the command line needs none of it."""
    if name == "analyze":
        from retailstream.api import analyze  # noqa: PLC0415

        return analyze
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""Moves a retail chain's weekly files to answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retailstream.version import __version__

if TYPE_CHECKING:
    from retailstream.api import analyze, chart

__all__ = ["__version__", "analyze", "chart"]


def __getattr__(name: str) -> object:
    """Import the library when it is asked for: the command line needs none of it."""
    if name in {"analyze", "chart"}:
        from retailstream import api  # noqa: PLC0415

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

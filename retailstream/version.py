"""The version, apart from the package itself, which offers the library."""

from __future__ import annotations

__version__ = "0.1.0"

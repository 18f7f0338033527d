from __future__ import annotations

from tests.services.mariadb import database_name, mariadb

__all__ = ["database_name", "mariadb"]

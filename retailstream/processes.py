"""Processes of runs: whether one that wrote its number down may still be there."""

from __future__ import annotations

import os
import socket


def may_be_alive(host: str, process_id: int) -> bool:
    """Say whether a process may still be there; only its own host can tell that it is not."""
    if host != socket.gethostname():
        return True
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

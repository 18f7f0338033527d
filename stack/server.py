"""What a stack has to know of a server: one object of this class is all that it takes to add one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stack.place import Place


def _nothing(_place: Place) -> None:
    """Do nothing."""


def _no_variables(_place: Place) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True)
class Server:
    """One server; every function is given the place of the stack, which has its port, credentials and folders.

    Credentials reach a server by `environment` or by private files, never by `command`, which anyone can list.
    """

    name: str
    install: Callable[[], None]
    """Install what is missing into the cache; at once, and without a network, where nothing is."""
    command: Callable[[Place], list[str]]
    """The program in the foreground, bound to loopback, and its words."""
    ready: Callable[[Place], object]
    """Put a real question to the server; an exception means that it is not ready yet."""
    address: Callable[[Place], str]
    """Where it listens, fit to be printed."""
    on_request: bool = False
    """Whether it is started only where it, or the part of its name before a dash, is asked for."""
    needs: tuple[str, ...] = ()
    """The servers that are ready before this one is prepared; they come earlier in the order."""
    prepare: Callable[[Place], None] = field(default=_nothing)
    """Make what it needs before it starts, unless it is there."""
    arrange: Callable[[Place], None] = field(default=_nothing)
    """Make what a user needs once it is ready, unless it is there."""
    environment: Callable[[Place], Mapping[str, str]] = field(default=_no_variables)
    """The variables of the program."""
    gives: Callable[[Place], Mapping[str, str]] = field(default=_no_variables)
    """The variables for whoever works with it."""

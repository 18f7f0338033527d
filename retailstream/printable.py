"""Text of files, names and fields made fit to print: nothing in it can act on a terminal, a log or a reader's eye."""

from __future__ import annotations

import json


def printable(text: str) -> str:
    r"""Return text on one line, with every character that does not show itself written as Python writes it.

    That is what controls a terminal, turns the direction of writing, breaks lines, or is no character:
    `"a\x1b[2Jb\n"` → `r"a\x1b[2Jb\n"`.
    """
    if text.isprintable():
        return text
    return "".join(mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in text)


def json_line(document: object) -> str:
    """Return a document as one line of JSON in ASCII, without any control character."""
    return json.dumps(document, default=str).replace("\x7f", "\\u007f")

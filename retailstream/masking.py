"""Passwords that stand in URLs, kept out of whatever is printed, logged or remembered."""

from __future__ import annotations

import re
from typing import Final

_LOGIN: Final = re.compile(r"(//+)(?!USER:PASSWORD@)([^/:]*):.*@", re.DOTALL)
"""User and password after a scheme, or after what is left of one: `mysql:///`, `mysql//`, `//`.

A password that was not escaped may hold any character, so everything up to the last `@` is taken for it. What our own
hints call `USER:PASSWORD` is none."""

_LOGIN_ALONE: Final = re.compile(r"^([^/:\s]*):(?!//).*@", re.DOTALL)
"""The same where the scheme was forgotten."""

_PARAMETER: Final = re.compile(
    r"((?:^|//|[?&;])[^=&;?/]*(?:passw|passphrase|pwd|secret|token|credential|signature|access_?key|api_?key)[^=&;]*="
    r"|[?&;](?:pass|pw)=)[^&]*",
    re.IGNORECASE,
)
"""A parameter that sounds like a secret, with its value; it may stand alone."""

_WORD: Final = re.compile(r"\S+?(?=[]'\",.;:)}]*(?:\s|$))")
"""A word without the quotes and stops after it."""


def masked(url: str) -> str:
    """`"mysql://ann:secret@host/db?token=x"` → `"mysql://ann:***@host/db?token=***"`; other text as it is."""
    without = _LOGIN.sub(r"\1\2:***@", url) if "//" in url else _LOGIN_ALONE.sub(r"\1:***@", url)
    return _PARAMETER.sub(r"\1***", without)


def masked_text(text: str) -> str:
    """Return a sentence with the URLs in it masked."""
    if "@" not in text and "=" not in text:
        return text
    return _WORD.sub(lambda word: masked(word[0]), text)

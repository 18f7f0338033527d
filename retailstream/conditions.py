"""A condition of the user's, which stands in parentheses within a statement of ours, and shall not get out of them.

Only what ends a condition is looked for: quotes, comments and parentheses as the database reads them. Whether the rest
is a condition is what its own parser knows best, and nothing else has its functions and operators; see ADR 37.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from retailstream.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

_CLAUSES: Final = {"union", "intersect", "except", "select", "limit", "order", "group", "having", "into"}
"""Words that both databases reserve, and that no condition has outside of parentheses."""


@dataclass(frozen=True)
class Grammar:
    """How a database reads text: its `quoted` parts, and what is `passed` over such as comments, as patterns."""

    quoted: str
    passed: str

    def parts(self, text: str) -> Iterator[tuple[str, str]]:
        """Yield the kind and the text of each part that may end a condition."""
        for found in re.finditer(
            rf"(?P<quoted>{self.quoted})|(?P<passed>{self.passed})|(?P<word>\w+)|(?P<mark>[();]|--|#|/\*|['\"`\[])",
            text,
            re.DOTALL,
        ):
            yield str(found.lastgroup), found[0]


MYSQL: Final = Grammar(
    quoted=r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\"|`(?:[^`]|``)*`",
    passed=r"(?:--(?=[\s\x00-\x1f])|#)[^\n]*\n|/\*(?!M?!).*?\*/|--(?![\s\x00-\x1f]|$)|\[",
)
"""`--` is a comment before a blank alone, and `/*! … */` is none: the server does what stands in it."""

SQLITE: Final = Grammar(
    quoted=r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`(?:[^`]|``)*`|\[[^\]]*\]", passed=r"--[^\n]*\n|/\*.*?\*/|#"
)

_OPEN: Final = {"--": "a comment in it swallows what follows", "#": "a comment in it swallows what follows"}


def checked(where: str, grammar: Grammar) -> str:
    """Return a condition that can stand in parentheses; UsageError, which says why, for one that would leave them."""
    depth = 0
    for kind, text in grammar.parts(where):
        depth += (text == "(") - (text == ")") if kind == "mark" else 0
        if problem := _problem(kind, text, depth):
            raise _refusal(problem)
    if depth:
        raise _refusal("it leaves a parenthesis open")
    return where


def _problem(kind: str, text: str, depth: int) -> str | None:
    if kind == "word":
        is_clause = depth == 0 and text.lower() in _CLAUSES
        return f"'{text}' stands in it outside of parentheses" if is_clause else None
    if kind != "mark" or text == "(":
        return None
    if text == ")":
        return "it closes a parenthesis that it has not opened" if depth < 0 else None
    if text == ";":
        return "a ';' stands in it"
    if text == "/*":
        return "a comment in it has no end, or is one that the database obeys"
    return _OPEN.get(text, f"it leaves a {text} open")


def _refusal(problem: str) -> UsageError:
    return UsageError(f"--where is not one condition: {problem}", hint='give one, such as --where "store = 7"')

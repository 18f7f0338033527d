"""What a server may answer, and what each answer makes us do: one row for each, which adapters and the docs read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

AGAIN_HINT: Final = "run the same command again"
DOCTOR_HINT: Final = "retailstream doctor"


class Reaction(Enum):
    """What an answer makes us do, in the words of the reference."""

    AGAIN = "tried again within the command, then exit 4"
    LATER = "exit 4"
    USER = "exit 2"
    FAILED = "exit 1"
    OTHER_WAY = "done in another way"

    @property
    def passes(self) -> bool:
        """Whether the same command may end well later."""
        return self in {Reaction.AGAIN, Reaction.LATER}


@dataclass(frozen=True)
class Answer:
    """Codes that mean the same, whose they are, and what we make of them.

    `where` is a pattern that the text beside the code must have; without it any will do. `means` is the part of our
    sentence that says what is wrong, and `hint` what is to be done.
    """

    codes: tuple[int | str, ...]
    of: str
    reaction: Reaction
    means: str
    hint: str = ""
    where: str = ""

    def fits(self, said: str) -> bool:
        """Say whether it is this answer that came with a text."""
        return not self.where or bool(re.search(self.where, said, re.IGNORECASE))

    @property
    def advice(self) -> str:
        """What is to be done, in general where nothing in particular is known."""
        return self.hint or (AGAIN_HINT if self.reaction.passes else DOCTOR_HINT)


def by_code(answers: Iterable[Answer], code: int | str | None, said: str) -> Answer | None:
    """Return the first answer that has the code and fits the text, or None."""
    return next((answer for answer in answers if code in answer.codes and answer.fits(said)), None)


def by_text(answers: Iterable[Answer], said: str) -> Answer | None:
    """Return the first answer one of whose codes is a word of the text, or None."""
    return next((answer for answer in answers if pattern_of([answer]).search(said) and answer.fits(said)), None)


def pattern_of(answers: Iterable[Answer]) -> re.Pattern[str]:
    """Return what finds any of the answers' codes in a text."""
    codes = [re.escape(str(code)) for answer in answers for code in answer.codes]
    return re.compile("|".join(codes) or r"(?!)", re.IGNORECASE)

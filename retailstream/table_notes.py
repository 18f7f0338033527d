"""What a copy of a table of any shape notes of itself, in the field that names what a partition was made from."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Note:
    """What was asked for, what the database held of it, and which table it was.

    Of a whole copy that is `proof`, a digest of all rows; of one that goes on by a cursor it is `last`, the last value
    of the check column, and `seen`, a digest of the key and the check column up to there. Copies from before `source`
    and `seen` were noted have none.
    """

    asked: str
    proof: str = ""
    last: str | None = None
    source: str = ""
    seen: str = ""

    @classmethod
    def read(cls, text: str) -> Note | None:
        """Return what a version notes; None where it notes nothing, or nothing of ours."""
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError):
            return None

    @property
    def text(self) -> str:
        """The note as it is stored."""
        return json.dumps(asdict(self))

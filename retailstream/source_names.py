"""What the name of a file in the source says: whether it is read, passed over, or certainly no data."""

from __future__ import annotations

import re
import unicodedata
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import Final

from retailstream.contracts import CONTRACTS

ENDINGS: Final = (".csv", ".csv.gz")
"""The endings of files that are read."""

_LITTER: Final = re.compile(
    r"\.DS_Store|\._.*|Thumbs\.db|desktop\.ini|\.gitignore|\.gitkeep|\.keep|\.directory|\.~lock\..*#|~\$.*|\..*\.sw[a-p]|.*~",
    re.IGNORECASE,
)
"""What file managers, editors and version control leave behind: certainly no data."""

_PROSE: Final = re.compile(
    r"(readme|license|licence|notice|changelog)(\..*)?"
    r"|.*\.(md|rst|pdf|html?|docx?|odt|rtf|pptx?|png|jpe?g|gif|svg|log|sql|py|r|ipynb|sh|bat|toml|ya?ml|ini|cfg)",
    re.IGNORECASE,
)
"""What people write for people, or for programs: told where it is passed over, but no figures wait in it."""


def is_litter(name: str) -> bool:
    """Say whether a file or folder of this name is passed over in silence."""
    return bool(_LITTER.fullmatch(name))


def unspeakable(file: str) -> bool:
    """Say whether a name cannot be kept: it is no UTF-8, or has control characters, which break lines and terminals."""
    return any(unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} for letter in file)


def may_hold_data(file: str) -> bool:
    """Say whether figures may wait in a file that was passed over: in a dataset's folder, or where one belongs.

    `"sales/week.zip"`, `"week.csv"` and `"Sales/week.csv"` may; `"prices/a.csv"` and `"sales/readme"` do not.
    """
    path = PurePosixPath(file)
    if _PROSE.fullmatch(path.name):
        return False
    return len(path.parts) < 2 or bool(get_close_matches(path.parts[0].lower(), CONTRACTS, cutoff=0.8))

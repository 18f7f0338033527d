"""How raw files are read: what the rows of a clean table depend on beside the files themselves.

A table notes a digest of it. Where that is no longer today's, the table is made anew from all of its raw files; months
that come out as they were keep their bytes and names. See docs/adr/0034-withdrawals.md.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import astuple
from typing import TYPE_CHECKING, Final

from retailstream.contracts import BLANKS, FORMS, NULL_FORM
from retailstream.landings import ORDER_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from retailstream.contracts import Contract
    from retailstream.ports import Origin

VERSION: Final = 3
"""Raised by whoever changes what a raw file means in code, such as where records end or what an absent column is."""


def digest_of_reading(contract: Contract, withdrawn: Iterable[Origin]) -> str:
    """Return a digest of the contract, of the meaning of raw files, and of what was withdrawn from them.

    The same whatever the order of what was withdrawn.
    """
    columns = [(*astuple(column), column.sql_type, FORMS[column.type]) for column in contract.columns]
    left_out = sorted([landing, file, record or 0] for landing, file, record in withdrawn)
    meaning = [VERSION, ORDER_VERSION, NULL_FORM, BLANKS, contract.key, columns, left_out]
    return hashlib.sha256(json.dumps(meaning).encode()).hexdigest()

"""Manifests as they are stored: small JSON documents that name their format, and prove themselves by a checksum.

The checksum is the SHA-256 of the rest of the document in canonical form, and stays that in formats to come, so that a
newer document can be told from a damaged one.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from retailstream.manifests import Manifest, Partition

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT: Final = 3
"""1 had no checksum, 2 no digests of rows."""

LAST: Final = 2**31 - 1
"""The greatest number of a landing that every store can hold."""

_WITHOUT_CHECKSUM: Final = 1
"""The format before there were checksums."""


class NewerFormatError(ValueError):
    """A manifest of a format that is not known yet."""


def encoded(manifest: Manifest) -> bytes:
    """Return a version as it is stored."""
    values = asdict(manifest)
    kept = {name: values[name] for name in ("columns", "landing", "partitions", "reading")}
    rest = {"format": FORMAT, **kept}
    return json.dumps({**rest, "checksum": checksum_of(rest)}, indent=1).encode() + b"\n"


def decoded(data: bytes) -> Manifest:
    """Return the version that was stored; ValueError where it is damaged, NewerFormatError where it is a newer one."""
    try:
        document = dict(json.loads(data))
        number, proof = document["format"], document.pop("checksum", None)
        if type(number) is not int or number < _WITHOUT_CHECKSUM:
            raise ValueError(f"it has no format: {number}")
        if proof != checksum_of(document) and (proof is not None or number != _WITHOUT_CHECKSUM):
            raise ValueError("it has another checksum, or none")
        if number > FORMAT:
            raise NewerFormatError(number)
        return _version(document, current=number == FORMAT)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("it lacks what a version has") from error


def checksum_of(rest: Mapping[str, Any]) -> str:
    """Return the checksum of a document without it."""
    return hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _version(document: Mapping[str, Any], *, current: bool) -> Manifest:
    partitions = {name: Partition(**values) for name, values in document["partitions"].items()}
    columns, landing = tuple(document["columns"]), document["landing"]
    if type(landing) is not int or not 0 <= landing <= LAST:
        raise TypeError(landing)
    return Manifest(columns, landing, partitions, document.get("reading", ""), current=current)

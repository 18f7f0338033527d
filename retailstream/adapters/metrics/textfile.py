"""A file for the textfile collector of node_exporter, which every stage of an environment adds its figures to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from filelock import FileLock, Timeout

from retailstream.errors import RetailStreamError
from retailstream.targets import replacing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prometheus_client import Metric as Family

    from retailstream.metrics import Sample

SECONDS: Final = 2.0
"""How long to wait for another process that writes the same file."""


class TextFile:
    """A file that several stages and environments share: each replaces its own samples, and those alone."""

    def __init__(self, path: str) -> None:
        self.address = path
        self._path = Path(path).absolute()

    def put(self, group: Mapping[str, str], samples: Sequence[Sample]) -> None:
        """Lay figures over those of the same group and metric, and put the new file in the place of the old one.

        Raises RetailStreamError where the file cannot be written, or holds something else.
        """
        from prometheus_client import generate_latest  # noqa: PLC0415 -- few write

        from retailstream.adapters.metrics.exposition import families, registry  # noqa: PLC0415 -- same

        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self._path.with_name(f".{self._path.name}.lock"), timeout=SECONDS)
            # No collector reads what stands beside it meanwhile: its name does not end like one.
            with lock, replacing(self._path) as part:
                merged = _merged(self._old(), families([(group, samples)]), group)
                part.write_bytes(generate_latest(registry(lambda: merged)))
        except Timeout as error:
            raise RetailStreamError(f"another process has written for {SECONDS:g} seconds") from error
        except OSError as error:
            raise RetailStreamError(error.strerror or str(error)) from error

    def _old(self) -> list[Family]:
        from prometheus_client.parser import text_string_to_metric_families  # noqa: PLC0415 -- few write

        try:
            return list(text_string_to_metric_families(self._path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return []
        except ValueError as error:
            raise RetailStreamError("it is no file of metrics; name another, or delete it") from error


def _merged(old: Sequence[Family], new: Sequence[Family], group: Mapping[str, str]) -> list[Family]:
    """Return the new families with the old samples of other groups, and the old families that are not new."""
    result = {family.name: family for family in new}
    for family in old:
        if family.name not in result:
            result[family.name] = family
            continue
        others = [sample for sample in family.samples if not group.items() <= sample.labels.items()]
        result[family.name].samples = [*others, *result[family.name].samples]
    return [result[name] for name in sorted(result)]

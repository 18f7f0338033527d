"""Figures of runs on their way to a monitoring system: whatever goes wrong there is a warning, and never an error."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING, Final

from retailstream import metrics
from retailstream.errors import exit_code
from retailstream.reports import summary_of_nothing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from retailstream.metrics import Sample
    from retailstream.ports import MetricsTarget

log = logging.getLogger(__name__)

PATIENCE: Final = 3.0
"""How many seconds a command may wait for a target, once: one that fails is left out until the command ends."""


class Telemetry:
    """What an environment tells of its runs; nothing where nobody asked for it."""

    def __init__(self, environment: str, targets: Sequence[MetricsTarget]) -> None:
        self._environment = environment
        self._targets = list(targets)

    @property
    def wanted(self) -> bool:
        """Whether anybody listens, so that figures are worth computing."""
        return bool(self._targets)

    def tell(self, stage: str, samples: Callable[[], Iterable[Sample]]) -> None:
        """Leave figures of a stage with every target; `samples` is called only where there is one."""
        if not self._targets:
            return
        try:
            found = list(samples())
        except Exception as error:  # noqa: BLE001 -- no command fails because of its figures
            log.warning("cannot compute metrics for stage %s: %s: %s", stage, type(error).__name__, error)
            return
        group = metrics.group(self._environment, stage)
        for target in list(self._targets):
            if failure := _failure(partial(target.put, group, found)):
                self._targets.remove(target)
                log.warning("the metrics of %s did not reach %s: %s", stage, target.address, failure)

    @contextmanager
    def command(self, stage: str) -> Iterator[list[Sample]]:
        """Tell of a command that is in no ledger how it ended, and what the block adds to the list."""
        more: list[Sample] = []
        clock = time.monotonic()
        with self.early_failures(stage):
            yield more
        summary = summary_of_nothing(stage, None) | {"seconds": time.monotonic() - clock}
        self.tell(stage, lambda: [*metrics.of_run(summary, 0, ended_at=metrics.now()), *more])

    @contextmanager
    def early_failures(self, stage: str) -> Iterator[None]:
        """Tell of a block that fails with an error without a summary: no entry in a ledger has told of it."""
        clock = time.monotonic()
        try:
            yield
        except BrokenPipeError:  # whoever read the output has left, as `head` does
            raise
        except BaseException as error:
            if not getattr(error, "summary", None):
                summary = summary_of_nothing(stage, None) | {"seconds": time.monotonic() - clock}
                code = exit_code(error)
                self.tell(stage, lambda: metrics.of_run(summary, code, ended_at=metrics.now()))
            raise


def _failure(call: Callable[[], None]) -> Exception | None:
    """Return how a call failed, if it did, or that it took too long; a name that no server resolves takes long."""
    ended: list[Exception | None] = []

    def work() -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001 -- it is told
            ended.append(error)
        else:
            ended.append(None)

    thread = Thread(target=work, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    return ended[0] if ended else TimeoutError(f"no answer within {PATIENCE:g} seconds")

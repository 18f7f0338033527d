"""Figures in the text format that Prometheus reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from prometheus_client import Metric as Family

    from retailstream.metrics import Sample


def families(groups: Iterable[tuple[Mapping[str, str], Iterable[Sample]]]) -> list[Family]:
    """Return the samples of groups by their metric, each with the labels of its group before its own."""
    found: dict[str, Any] = {}
    for group, samples in groups:
        for sample in samples:
            metric = sample.metric
            if metric.name not in found:
                found[metric.name] = GaugeMetricFamily(metric.name, metric.meaning, labels=[*group, *metric.labels])
            found[metric.name].add_metric([*group.values(), *sample.labels], sample.value)
    return list(found.values())


def registry(collect: Callable[[], Sequence[Family]]) -> CollectorRegistry:
    """Return a registry of what the function returns whenever it is asked."""

    class _Collector:
        def collect(self) -> Sequence[Family]:
            return collect()

        def describe(self) -> Sequence[Family]:
            return []

    made = CollectorRegistry()
    made.register(_Collector())
    return made

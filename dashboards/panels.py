"""The panels that all dashboards are made of: each asks Prometheus about the chosen environments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from grafana_foundation_sdk.builders import bargauge, dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.builders.common import ReduceDataOptions, VizLegendOptions
from grafana_foundation_sdk.models.common import (
    BarGaugeDisplayMode,
    BigValueColorMode,
    LegendDisplayMode,
    LegendPlacement,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardLinkType,
    DataSourceRef,
    DataTransformerConfig,
    DynamicConfigValue,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
    VariableRefresh,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Panel = bargauge.Panel | stat.Panel | table.Panel | timeseries.Panel

SOURCE: Final = DataSourceRef(type_val="prometheus", uid="${source}")
ENVIRONMENT: Final = 'environment=~"$environment"'
"""What every selector of a query has."""

WIDTH: Final = 24
STAT_HEIGHT: Final = 4
HEIGHT: Final = 8


def page(title: str, name: str, told: str, panels: Sequence[Panel]) -> dashboard.Dashboard:
    """Return a dashboard with the choice of source and environment, and links to the others."""
    environments = (
        dashboard.QueryVariable("environment")
        .label("Environment")
        .datasource(SOURCE)
        .query("label_values(retailstream_last_run_timestamp_seconds, environment)")
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .multi(True)
        .include_all(True)
        .all_value(".+")
    )
    made = (
        dashboard.Dashboard(f"retailstream: {title}")
        .uid(f"retailstream-{name}")
        .description(told)
        .tags(["retailstream"])
        .timezone("browser")
        .time("now-30d", "now")
        .refresh("1m")
        .readonly()
        .link(dashboard.DashboardLink("retailstream").type(DashboardLinkType.DASHBOARDS).tags(["retailstream"]))
        .with_variable(dashboard.DatasourceVariable("source").label("Source").type("prometheus"))
        .with_variable(environments)
    )
    for place, panel in enumerate(panels, start=1):
        made = made.with_panel(panel.id(place))
    return made


def number(title: str, told: str, query: str, unit: str = "short", *, span: int = 4) -> stat.Panel:
    """Return a panel with one large number."""
    return (
        stat.Panel()
        .title(title)
        .description(told)
        .datasource(SOURCE)
        .unit(unit)
        .reduce_options(ReduceDataOptions().calcs(["lastNotNull"]))
        .with_target(_query("A", query).instant())
        .height(STAT_HEIGHT)
        .span(span)
    )


def judged(panel: stat.Panel, *, bad_from: float | None = None, good_from: float | None = None) -> stat.Panel:
    """Return a number's panel in green and red; what is bad begins at one value, or what is good."""
    low, high, at = ("green", "red", bad_from) if bad_from is not None else ("red", "green", good_from)
    steps = [Threshold(value=None, color=low), Threshold(value=at, color=high)]
    thresholds = dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)
    return panel.thresholds(thresholds).color_mode(BigValueColorMode.BACKGROUND)


def worded(panel: stat.Panel, words: Mapping[str, str]) -> stat.Panel:
    """Return a number's panel that shows words in the place of values."""
    options = {value: ValueMappingResult(text=text) for value, text in words.items()}
    return panel.mappings([ValueMap(options=options)])


def over_time(
    title: str, told: str, queries: Mapping[str, str], unit: str = "short", *, span: int = 12
) -> timeseries.Panel:
    """Return a panel with lines over time, each query under its legend."""
    panel = (
        timeseries.Panel()
        .title(title)
        .description(told)
        .datasource(SOURCE)
        .unit(unit)
        .legend(
            VizLegendOptions().show_legend(True).display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM)
        )
        .height(HEIGHT)
        .span(span)
    )
    for ref, (legend, query) in zip("ABCDEFGH", queries.items(), strict=False):
        panel = panel.with_target(_query(ref, query).legend_format(legend))
    return panel


def bars(title: str, told: str, queries: Mapping[str, str], unit: str = "short", *, span: int = 12) -> bargauge.Panel:
    """Return a panel with a bar for each value of now."""
    panel = (
        bargauge.Panel()
        .title(title)
        .description(told)
        .datasource(SOURCE)
        .unit(unit)
        .min(0)
        .orientation(VizOrientation.HORIZONTAL)
        .display_mode(BarGaugeDisplayMode.BASIC)
        .reduce_options(ReduceDataOptions().calcs(["lastNotNull"]))
        .height(HEIGHT)
        .span(span)
    )
    for ref, (legend, query) in zip("ABCDEFGH", queries.items(), strict=False):
        panel = panel.with_target(_query(ref, query).instant().legend_format(legend))
    return panel


def listing(
    title: str, told: str, columns: Mapping[str, tuple[str, str]], keys: Sequence[str], *, span: int = WIDTH
) -> table.Panel:
    """Return a table with a row for each combination of labels, and a column with its unit for each query."""
    panel = table.Panel().title(title).description(told).datasource(SOURCE).height(HEIGHT).span(span)
    names = {}
    for ref, (name, (query, unit)) in zip("ABCDEFGH", columns.items(), strict=False):
        panel = panel.with_target(_query(ref, query).instant().format(PromQueryFormat.TABLE))
        names[f"Value #{ref}" if len(columns) > 1 else "Value"] = name
        panel = panel.override_by_name(name, [DynamicConfigValue(id_val="unit", value=unit)])
    order = {name: place for place, name in enumerate((*keys, *names))}
    organized = {"renameByName": names, "indexByName": order, "excludeByName": {"Time": True, "__name__": True}}
    return panel.with_transformation(DataTransformerConfig(id_val="merge", options={})).with_transformation(
        DataTransformerConfig(id_val="organize", options=organized)
    )


def _query(ref: str, expression: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().ref_id(ref).datasource(SOURCE).expr(expression)

"""What the stores sell: the few numbers that are asked for every week."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboards.panels import ENVIRONMENT, bars, number, over_time, page

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard


def build() -> Dashboard:
    """Return the dashboard."""
    newest, before, year = (
        f"sum(retailstream_{week}_sales_dollars{{{ENVIRONMENT}}})"
        for week in ("newest_week", "week_before", "year_before")
    )
    return page(
        "business",
        "business",
        "Sales of the newest week, what they compare with, and what is forecast.",
        [
            number("Sales of the newest week", "All stores.", newest, "currencyUSD", span=6),
            number("Against the week before", "All stores.", f"{newest} / {before} - 1", "percentunit"),
            number("Against the same week a year before", "364 days before.", f"{newest} / {year} - 1", "percentunit"),
            number(
                "Stores with sales", "In the newest week.", f"sum(retailstream_newest_week_stores{{{ENVIRONMENT}}})"
            ),
            number(
                "Newest week",
                "The day that ends it.",
                f'max(retailstream_newest_week_timestamp_seconds{{{ENVIRONMENT}, dataset="sales"}}) * 1000',
                "dateTimeAsIso",
                span=6,
            ),
            bars(
                "Sales by type of store",
                "In the newest week, the week before and a year before.",
                {
                    f"{{{{type}}}}, {told}": f"sum by (type) (retailstream_{week}_sales_dollars{{{ENVIRONMENT}}})"
                    for told, week in (
                        ("newest", "newest_week"),
                        ("week before", "week_before"),
                        ("year before", "year_before"),
                    )
                },
                "currencyUSD",
            ),
            bars(
                "Forecast",
                "All stores, by weeks ahead, as `retailstream forecast` said last.",
                {
                    "week {{weeks_ahead}}": "max by (weeks_ahead)"
                    f" (retailstream_forecast_sales_dollars{{{ENVIRONMENT}}})"
                },
                "currencyUSD",
            ),
            over_time("Sales of the newest week", "As it was from day to day.", {"all stores": newest}, "currencyUSD"),
            over_time(
                "All sales",
                "Of the warehouse: it grows by a week each week.",
                {"all stores": f"sum(retailstream_sales_dollars{{{ENVIRONMENT}}})"},
                "currencyUSD",
            ),
            bars(
                "Rows of the last answers",
                "An analysis that was asked and has no rows has no data.",
                {"{{analysis}}": f"max by (analysis) (retailstream_answer_rows{{{ENVIRONMENT}}})"},
                span=24,
            ),
        ],
    )

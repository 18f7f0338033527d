"""`forecast`: what every department of every store will sell, and how good such a forecast has been."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from retailstream.cli.options import Command, Output, QueryEngineName

if TYPE_CHECKING:
    from retailstream.analytics.export import TypedAnswer
    from retailstream.querying import QueryEngine

app = typer.Typer()


@app.command("forecast", cls=Command)
def forecast(
    context: typer.Context,
    horizon: Annotated[
        int | None, typer.Option("--horizon", min=1, help="Number of weeks; default: all that have features.")
    ] = None,
    backtest: Annotated[
        bool, typer.Option("--backtest", help="Say how good the forecast would have been, at several earlier weeks.")
    ] = False,
    form: Annotated[
        Literal["table", "csv", "json", "parquet", "html"] | None,
        typer.Option("--format", help="Output format; default: table, or the extension of --output."),
    ] = None,
    output: Output = None,
    engine: QueryEngineName = None,
) -> None:
    """Forecast the sales of every department of every store. Each week to come has an 80 % interval.

    As HTML it is a page with the weeks of the whole chain.
    """
    from retailstream.analytics.export import form_of
    from retailstream.cli.asking import Begun, Delivery, put_question

    def question(queries: QueryEngine) -> list[TypedAnswer]:
        from retailstream.analytics.forecast.answers import backtest_of, forecast_of, weeks_of

        if backtest:
            return [backtest_of(queries.local())]
        as_page = (form or (output and form_of(output))) == "html"
        return [weeks_of(queries, horizon) if as_page else forecast_of(queries, horizon)]

    put_question(context, Begun("forecast", "forecast"), question, Delivery(form, output, engine=engine))

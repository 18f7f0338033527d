"""The week of a retail chain as a DAG: every task is one command of `retailstream`.

It needs the path of that program and nothing else of it; `docs/how-to/run-with-airflow.md` in its repository has more.
A task is retried where its command ends with 4 (a server did not answer) or 5 (another run is at work), is *skipped*
where it ends with 99 (nothing was new), and fails at once otherwise: a second try would find the same.

Each worker may set RETAILSTREAM_CLI (the program), RETAILSTREAM_ALERT_URL (where failures are posted as JSON); the DAG
processor too RETAILSTREAM_HOME, RETAILSTREAM_SOURCE, RETAILSTREAM_CONFIG (the defaults of the parameters) and
RETAILSTREAM_RETRY_SECONDS.
"""

from __future__ import annotations

import json
import logging
import os
import re
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Asset, Param, RetryDecision, RetryPolicy, TaskGroup, TriggerRule

if TYPE_CHECKING:
    from airflow.sdk import Context

ANALYSES: Final = (
    "customer-visits",
    "department-performance",
    "fuel-prices",
    "holiday-sales",
    "leap-year-sales",
    "monthly-sales",
    "offers-impact",
    "unemployment-forecast",
    "weekly-top-stores",
    "yearly-stores",
)

TRANSIENT: Final = {4: "a server did not answer", 5: "another run is at work"}
"""The exit codes after which the same command may be tried again."""

PARAMS: Final = {
    "home": Param(
        os.environ.get("RETAILSTREAM_HOME", "/srv/retail"),
        type="string",
        pattern="^/",
        description="The folder of the environment, from the root on.",
    ),
    "source": Param(
        os.environ.get("RETAILSTREAM_SOURCE", ""),
        type="string",
        pattern="^(/|$)",
        description="The folder with new files; {week} in it is the date of the run. Empty: the one of the settings.",
    ),
    "config": Param(
        os.environ.get("RETAILSTREAM_CONFIG", ""),
        type="string",
        pattern="^(/|$)",
        description="The TOML file with the settings. Empty: none.",
    ),
    "engine": Param(
        "",
        type="string",
        enum=["", "duckdb", "spark", "glue"],
        description="What cleans and merges; glue merges alone. Empty: the one of the settings.",
    ),
}

VALUES: Final = {
    "RETAILSTREAM_RUN_ID": "{{ run_id }}",
    "RETAILSTREAM_HOME": "{{ params.home }}",
    "RETAILSTREAM_CONFIG": "{{ params.config }}",
    "RETAILSTREAM_SOURCE": (
        "{{ params.source | replace('{week}', (dag_run.logical_date or dag_run.run_after).strftime('%Y-%m-%d')) }}"
    ),
    "RETAILSTREAM_MERGES": "{{ params.engine }}",
    "RETAILSTREAM_ENGINE": "{{ '' if params.engine == 'glue' else params.engine }}",
}
"""Parameters reach a command as variables, which bash takes for values and never for code."""

SOURCE: Final = '${RETAILSTREAM_SOURCE:+--source "$RETAILSTREAM_SOURCE"}'
MERGES: Final = '${RETAILSTREAM_MERGES:+--engine "$RETAILSTREAM_MERGES"}'
ENGINE: Final = '${RETAILSTREAM_ENGINE:+--engine "$RETAILSTREAM_ENGINE"}'


class OnlyTransient(RetryPolicy):
    """Tries again after the exit codes of TRANSIENT, and after no other failure of a command."""

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Context | None = None
    ) -> RetryDecision:
        """Return whether to try again; when, the task says."""
        del try_number, max_tries, context
        found = re.search(r"non-zero exit code (-?[0-9]+)", str(exception))
        code = int(found[1]) if found else None
        if code in TRANSIENT:
            return RetryDecision.retry(reason=f"exit code {code}: {TRANSIENT[code]}")
        return RetryDecision.fail(reason=f"{type(exception).__name__}, exit code {code}: the same would happen again")


def tell(context: Context) -> None:
    """Say that a task has failed for good: in its log and, where RETAILSTREAM_ALERT_URL is set, to that address."""
    ti = context["ti"]
    told = {
        "text": f"{ti.task_id} of {ti.dag_id} failed: {context.get('exception')}",
        "dag_id": ti.dag_id,
        "task_id": ti.task_id,
        "run_id": ti.run_id,
        "try_number": ti.try_number,
        "log_url": ti.log_url,
    }
    log = logging.getLogger(__name__)
    log.error("%s", told["text"])
    url = os.environ.get("RETAILSTREAM_ALERT_URL", "")
    if not url:
        return
    body, kind = json.dumps(told).encode(), {"Content-Type": "application/json"}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, kind), timeout=10):  # noqa: S310 -- the operator's
            log.info("the failure was posted")
    except (OSError, ValueError) as error:
        log.warning("the failure could not be posted: %s", type(error).__name__)


def command(words: str, *options: str, before: str = "", **attributes: Any) -> BashOperator:  # noqa: ANN401 -- the operator's
    """Return the task of a command, named as the command; its JSON summary is the task's XCom.

    `"analyze fuel-prices"` within the group `analyze` → task `analyze.fuel-prices`
    """
    given = (
        '--json --run-id "$RETAILSTREAM_RUN_ID" --home "$RETAILSTREAM_HOME"',
        '${RETAILSTREAM_CONFIG:+--config "$RETAILSTREAM_CONFIG"}',
    )
    return BashOperator(
        task_id=words.removeprefix("analyze ").replace(" ", "."),
        bash_command=" ".join((f'{before}exec "${{RETAILSTREAM_CLI:-retailstream}}"', words, *given, *options)),
        env=VALUES,
        append_env=True,
        output_processor=json.loads,
        **attributes,
    )


def question(words: str) -> BashOperator:
    """Return the task of a question, which leaves its answer in the folder `answers` of the environment."""
    folder, file = '"$RETAILSTREAM_HOME/answers"', f"{words.removeprefix('analyze ')}.csv"
    return command(words, f"--output {folder}/{file}", before=f"mkdir -p {folder} && ")


with DAG(
    "retailstream_pipeline",
    description="A week's files, from the drop to answers",
    doc_md=__doc__,
    tags=["retailstream"],
    schedule="0 22 * * 5",
    start_date=datetime(2010, 2, 5, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    max_active_tasks=4,
    dagrun_timeout=timedelta(hours=24),
    params=PARAMS,
    default_args={
        "retries": 6,
        "retry_policy": OnlyTransient(),
        "retry_delay": timedelta(seconds=float(os.environ.get("RETAILSTREAM_RETRY_SECONDS", "60"))),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(hours=1),
        "execution_timeout": timedelta(hours=4),
        "trigger_rule": TriggerRule.NONE_FAILED,
        "on_failure_callback": tell,
    },
) as dag:
    ingest = command("ingest", "--skip-if-empty", SOURCE)
    glue_merge = command(
        "glue-merge",
        "--skip-if-empty",
        MERGES,
        outlets=[Asset("retailstream_clean_sales"), Asset("retailstream_clean_stores")],
    )
    load_rds = command("load-rds", "--skip-if-empty", outlets=[Asset("retailstream_database")])
    features = command("features", "--skip-if-empty", SOURCE, ENGINE, outlets=[Asset("retailstream_features")])
    sqoop = command("sqoop", "--skip-if-empty", ENGINE, outlets=[Asset("retailstream_warehouse")])

    with TaskGroup("analyze", tooltip="Ten questions, each with its answer as a file") as analyze:
        for name in ANALYSES:
            question(f"analyze {name}")
        command("analyze all", '--report "$RETAILSTREAM_HOME/report"', task_display_name="report")
    forecast = question("forecast")

    monitor = command("monitor", "--check", trigger_rule=TriggerRule.ALL_DONE)
    # A run is as good as its last tasks; `monitor` goes well after failures too, so it must not be the last.
    done = command("runs show", '-- "$RETAILSTREAM_RUN_ID"')

    ingest >> glue_merge >> load_rds >> sqoop
    [sqoop, features] >> analyze
    [sqoop, features] >> forecast
    [analyze, forecast] >> monitor
    [analyze, forecast, monitor] >> done

"""What Airflow makes of the pipeline: run by its own Python, with warnings as errors; prints one JSON object."""

from __future__ import annotations

import json
import sys
import warnings
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what Airflow says of itself
    from airflow.dag_processing.dagbag import DagBag
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.serialization.serialized_objects import DagSerialization

CODES = (1, 2, 3, 4, 5, 99, 130, 137, 143)


def read(folder: str) -> Any:
    """Parse the folder; a warning or an error of any file ends this process."""
    bag = DagBag(folder)
    assert not bag.import_errors, bag.import_errors
    return bag.dags["retailstream_pipeline"]


def facts_of(task: Any) -> dict[str, Any]:
    """Return what a task is."""
    return {
        "is_bash": type(task) is BashOperator,
        "after": sorted(task.upstream_task_ids),
        "trigger_rule": str(task.trigger_rule.value),
        "retries": task.retries,
        "retry_seconds": task.retry_delay.total_seconds(),
        "backoff": task.retry_exponential_backoff,
        "timeout": task.execution_timeout.total_seconds(),
        "outlets": [asset.name for asset in task.outlets],
        "command": task.bash_command,
        "pushes": task.do_xcom_push,
        "appends": task.append_env,
        "calls_back": len(task.on_failure_callback),
        "decisions": {code: decided(task, code) for code in CODES},
    }


def decided(task: Any, code: int) -> str:
    """Return what the task's policy says of a command that really ends with this code."""
    try:
        BashOperator(task_id="ends", bash_command=f"exit {code}").execute({})
    except Exception as error:  # noqa: BLE001 -- whichever Airflow raises
        return str(task.retry_policy.evaluate(error, 1, 6).action.value)
    return "success"


def main() -> None:
    """Print the facts."""
    dag = read(sys.argv[1])
    DagSerialization.to_dict(dag)
    print(
        json.dumps(
            {
                "schedule": dag.schedule,
                "catchup": dag.catchup,
                "max_active_runs": dag.max_active_runs,
                "timeout": dag.dagrun_timeout.total_seconds(),
                "params": {name: param.schema for name, param in dag.params.items()},
                "tasks": {task.task_id: facts_of(task) for task in dag.tasks},
                "imports": sorted({name.split(".")[0] for name in sys.modules if name.startswith("retailstream")}),
            }
        )
    )


if __name__ == "__main__":
    main()

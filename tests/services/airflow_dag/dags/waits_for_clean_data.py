"""A DAG of somebody else, which begins whenever there are new clean sales."""

from __future__ import annotations

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Asset

with DAG("waits_for_clean_data", schedule=[Asset("retailstream_clean_sales")], is_paused_upon_creation=False):
    BashOperator(task_id="begin", bash_command="true")

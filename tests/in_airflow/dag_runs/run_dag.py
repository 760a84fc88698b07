"""Run DAGs of the DAGs folder with ``dag.test()`` and print what their tasks handed on, in lines of JSON.

A process of its own, because what Airflow's libraries warn of inside a task must not fail that task. One for
many DAGs, because its first one takes Airflow longest.
"""

from __future__ import annotations

import json
import os

from tests.in_airflow.dag_runs.preload import load_dags


def main(runs: str) -> int:
    """Take a list of runs as JSON, each with ``dag``, ``conf``, and ``env`` for its environment."""
    dags = load_dags()
    for wanted in json.loads(runs):
        os.environ.update(wanted.get("env", {}))
        dag = dags[wanted["dag"]]
        for task in dag.tasks:
            # A failure is to show at once.
            getattr(task, "partial_kwargs", task.__dict__)["retries"] = 0
        dag_run = dag.test(run_conf=wanted["conf"])
        xcoms = {}
        for ti in dag_run.get_task_instances():
            name = ti.task_id if ti.map_index < 0 else f"{ti.task_id}[{ti.map_index}]"
            xcoms[name] = ti.xcom_pull(task_ids=ti.task_id, map_indexes=ti.map_index)
        print(json.dumps({"dag": dag.dag_id, "state": dag_run.state, "xcoms": xcoms}, default=str))
    return 0

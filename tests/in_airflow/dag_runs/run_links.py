"""Run one DAG of the DAGs folder with ``dag.test()`` and print the links that Airflow shows of its tasks.

As the web server does, it asks the DAG as it was serialized for them, not the operators that ran.
"""

from __future__ import annotations

import json

from tests.in_airflow.dag_runs.preload import load_dags


def main(dag_id: str, conf: str) -> int:
    """Print a line of JSON: task → name of a link → URL."""
    try:
        from airflow.serialization.serialized_objects import DagSerialization as Serialized
    except ImportError:  # Airflow 2.11
        from airflow.serialization.serialized_objects import SerializedDAG as Serialized

    dag = load_dags()[dag_id]
    shown = Serialized.from_dict(Serialized.to_dict(dag))
    run = dag.test(run_conf=json.loads(conf))
    links = {}
    for ti in run.get_task_instances():
        name = ti.task_id if ti.map_index < 0 else f"{ti.task_id}[{ti.map_index}]"
        task = shown.get_task(ti.task_id)
        found = {link: task.get_extra_links(ti, link) for link in task.extra_links}
        links[name] = {link: url for link, url in found.items() if url}
    print(json.dumps({"state": run.state, "run_id": run.run_id, "links": links}))
    return 0

"""Run the DAG ``traced`` with ``dag.test()`` and print its tasks' states and the events of their outlets."""

from __future__ import annotations

import json

from tests.in_airflow.dag_runs.preload import load_dags


def main(conf: str) -> int:
    """Print a line of JSON: ``states`` by task, and ``events`` of outlets."""
    try:
        from airflow.models.asset import AssetEvent as Event
    except ImportError:  # Airflow 2.11
        from airflow.models.dataset import DatasetEvent as Event
    from airflow.utils.session import create_session

    dag = load_dags()["traced"]
    if hasattr(dag, "sync_to_db"):  # before 3.0, aliases have to be known beforehand
        dag.sync_to_db()
    for task in dag.tasks:
        getattr(task, "partial_kwargs", task.__dict__)["retries"] = 0
    run = dag.test(run_conf=json.loads(conf))
    states = {f"{ti.task_id}[{ti.map_index}]": ti.state for ti in run.get_task_instances()}
    with create_session() as session:
        found = session.query(Event).filter_by(source_dag_id="traced", source_run_id=run.run_id)
        events = [
            {
                "task": event.source_task_id,
                "map_index": event.source_map_index,
                "uri": (getattr(event, "asset", None) and event.asset.uri) or event.dataset.uri,
                "aliases": [alias.name for alias in event.source_aliases],
                "extra": event.extra,
            }
            for event in found.order_by(Event.id)
        ]
    print(json.dumps({"states": states, "events": events}))
    return 0

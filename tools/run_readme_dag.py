"""Run the DAG of the README against the sandbox, with only the installed package: ``make dist``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from airflow_provider_om_messaging.sandbox import Sandbox


def main(dag_id: str) -> int:
    """Run the DAG with ``dag.test()`` and see that its export was written."""
    try:
        from airflow.dag_processing.dagbag import DagBag
    except ImportError:  # Airflow 2.11
        from airflow.models.dagbag import DagBag  # type: ignore[no-redef,unused-ignore]

    home = Path(os.environ["AIRFLOW_HOME"])
    with Sandbox() as server:
        os.environ["AIRFLOW_CONN_OM_MESSAGING_DEFAULT"] = server.airflow_connection()
        dag = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]).dags[dag_id]
        run = dag.test()
    written = sorted(str(path.relative_to(home)) for path in home.glob("*.csv"))
    print(f"The README's DAG ended as {run.state} and wrote {written}")
    return 0 if run.state == "success" and written else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

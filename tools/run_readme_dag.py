"""Run the DAG of the README against the sandbox, with only the installed package: ``make dist``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.sandbox import Sandbox

SERVICE = "orders_redpanda"
BEFORE, AFTER = "A person approved it.", "Approved by hand."


def main(dag_id: str) -> int:
    """Let the DAG carry out an edited export, and see that the server has it and the backup has not."""
    try:
        from airflow.dag_processing.dagbag import DagBag
    except ImportError:  # Airflow 2.11
        from airflow.models.dagbag import DagBag  # type: ignore[no-redef,unused-ignore]

    file = Path(os.environ["AIRFLOW_HOME"]) / "topics.csv"
    with Sandbox() as server:
        os.environ["AIRFLOW_CONN_OM_MESSAGING_DEFAULT"] = server.airflow_connection()
        hook = OpenMetadataMessagingHook()
        old = hook.export_csv(SERVICE)
        new = old.replace(BEFORE, AFTER)
        file.write_bytes(new.encode())
        dag = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]).dags[dag_id]
        run = dag.test(run_conf={"file": str(file)})
        checks = {
            "the run succeeded": run.state == "success",
            "the file was edited": new != old,
            "the server has the edit": hook.export_csv(SERVICE) == new,
            "the file is as it was": file.read_bytes() == new.encode(),
            "the backup is of before": file.with_name("topics.csv.before").read_bytes() == old.encode(),
        }
    for check, passed in checks.items():
        print(f"{check}: {'yes' if passed else 'NO'}")
    return 0 if all(checks.values()) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

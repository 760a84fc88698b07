"""Change a messaging service, look at its history, and take the change back.

``patch`` sends only what differs and reads back whether it is there; ``history`` shows who changed what and
when; ``restore`` brings the description back to the version before the patch, which makes a new version. What
others changed meanwhile in other fields stays.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from airflow.providers.common.compat.sdk import Param, dag

from airflow_provider_om_messaging.operators.patch import PatchMessagingServiceOperator
from airflow_provider_om_messaging.operators.versions import (
    MessagingServiceVersionsOperator,
    RestoreMessagingServiceOperator,
)

SERVICE = "{{ params.service }}"


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=1)},
    params={
        "service": Param(
            "sample_kafka",
            type="string",
            title="Messaging service",
            minLength=1,
            description="Its name, as OpenMetadata shows it.",
        ),
        "description": Param(
            "Moves to the new cluster this week: expect short breaks.",
            type="string",
            title="Description",
            minLength=1,
            description="What the service's description is to say, until the run takes it back.",
        ),
    },
    tags=["om_messaging", "patch"],
    doc_md=__doc__,
)
def patch_and_versions() -> None:
    patch = PatchMessagingServiceOperator(
        task_id="patch", service=SERVICE, changes={"description": "{{ params.description }}"}
    )
    history = MessagingServiceVersionsOperator(task_id="history", service=SERVICE)
    restore = RestoreMessagingServiceOperator(
        task_id="restore",
        service=SERVICE,
        version="{{ ti.xcom_pull(task_ids='patch')['version_before'] }}",
        fields=["description"],
    )
    patch >> history >> restore


patch_and_versions()

"""Bring a messaging service back to what it was in one of its versions.

Trigger it from the form. ``history`` shows the versions in its log, ``preview`` what would change, and
``restore`` does it as one patch and reads it back. Restoring twice changes nothing the second time; what
others changed in other fields stays. What ``restore`` returns takes the restore itself back: pass it to
``RestoreMessagingServiceOperator(journal=…)``.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from airflow.providers.common.compat.sdk import Param, dag

from airflow_provider_om_messaging.operators.versions import (
    MessagingServiceVersionsOperator,
    RestoreMessagingServiceOperator,
)

FIELDS = ["description", "displayName", "owners", "tags", "domains", "connection"]
VERSION = r"^(\d+(\.\d+)?|\d{4}-\d\d-\d\d.*)$"
# Templates make texts; a list has to go through as JSON.
CHOICE: dict[str, Any] = {
    "service": "{{ params.service }}",
    "version": "{{ params.version }}",
    "fields": "{{ params.fields | tojson }}",
    "on_missing": "{{ params.on_missing }}",
}


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
    params={
        "service": Param(
            "sample_kafka",
            type="string",
            title="Messaging service",
            minLength=1,
            description="Its name, as OpenMetadata shows it.",
        ),
        # Without a default: which version is the right one, nobody can know beforehand.
        "version": Param(
            type="string",
            title="Back to version",
            pattern=VERSION,
            description="A number such as 0.2, or a time such as 2026-09-01T12:00:00Z: the version of then.",
        ),
        "fields": Param(
            FIELDS[:-1],
            type="array",
            title="Fields",
            items={"type": "string", "enum": FIELDS},
            examples=FIELDS,
            minItems=1,
            uniqueItems=True,
            description="What to bring back. The connection takes a token that may see it.",
        ),
        "on_missing": Param(
            "fail",
            type="string",
            title="If an owner, tag or domain no longer exists",
            enum=["fail", "skip"],
            values_display={"fail": "fail: change nothing and say which", "skip": "skip: leave it out"},
            description="skip brings back all the others.",
        ),
    },
    tags=["om_messaging", "restore"],
    doc_md=__doc__,
)
def restore_version() -> None:
    history = MessagingServiceVersionsOperator(task_id="history", service=CHOICE["service"], limit=20)
    preview = RestoreMessagingServiceOperator(task_id="preview", dry_run=True, **CHOICE)
    restore = RestoreMessagingServiceOperator(task_id="restore", **CHOICE)
    history >> preview >> restore


restore_version()

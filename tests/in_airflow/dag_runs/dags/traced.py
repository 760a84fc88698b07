"""Tasks whose lineage and events are looked at; one of them fails on purpose."""

from __future__ import annotations

from datetime import datetime, timezone

from airflow.providers.common.compat.sdk import Asset, AssetAlias, chain, dag

from airflow_provider_om_messaging.lineage.assets import create_asset
from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator
from airflow_provider_om_messaging.operators.import_csv import ImportMessagingServiceOperator
from airflow_provider_om_messaging.operators.patch import PatchMessagingServiceOperator
from airflow_provider_om_messaging.operators.plan import PlanMessagingServiceImportOperator
from airflow_provider_om_messaging.operators.versions import RestoreMessagingServiceOperator

SERVICE = "sample_kafka"
FILE = "{{ params.store }}/topics.csv"


@dag(schedule=None, start_date=datetime(2026, 1, 1, tzinfo=timezone.utc), params={"store": ""})
def traced() -> None:
    outlets = [Asset(uri="file:///topics"), AssetAlias("changed")]
    exports = [
        ExportMessagingServiceOperator(task_id=name, service=SERVICE, destination=FILE, outlets=outlets)
        for name in ("first_export", "second_export")
    ]
    deferred = ImportMessagingServiceOperator(
        task_id="deferred_import",
        service=SERVICE,
        source=FILE,
        dry_run=False,
        verify=True,
        asynchronous=True,
        deferrable=True,
        poll_interval=0.1,
        outlets=[create_asset(host="catalogue", name=SERVICE), AssetAlias("changed")],
    )
    dry_run = ImportMessagingServiceOperator(
        task_id="dry_run", service=SERVICE, source=FILE, dry_run=True, outlets=outlets
    )
    failed = ImportMessagingServiceOperator(
        task_id="failed_import",
        service=SERVICE,
        source="{{ params.store }}/refused.csv",
        dry_run=False,
        outlets=outlets,
    )
    plan = PlanMessagingServiceImportOperator(
        task_id="plan",
        service=SERVICE,
        source=FILE,
        plan_destination="{{ params.store }}/plan",
        outlets=outlets,
    )
    patch = PatchMessagingServiceOperator.partial(
        task_id="patch",
        changes={"description": "New."},
        outlets=[AssetAlias("changed")],
        trigger_rule="all_done",
    ).expand(service=[SERVICE, "orders_redpanda"])
    restores = [
        RestoreMessagingServiceOperator(
            task_id=name, service=SERVICE, version="0.1", outlets=[AssetAlias("changed")]
        )
        for name in ("restore", "second_restore")
    ]
    chain(*exports, deferred, dry_run, plan, failed, patch, *restores)


traced()

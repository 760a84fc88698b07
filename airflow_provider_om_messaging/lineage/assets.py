"""Airflow's assets (datasets, before 3.0): URIs of services and topics, and events of tasks' outlets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_provider_om_messaging.lineage.dataset_names import SERVICE, name_entity_on_host, parse_uri

if TYPE_CHECKING:
    from collections.abc import Iterable
    from urllib.parse import SplitResult

    from airflow.providers.common.compat.sdk import Asset, Context

    from airflow_provider_om_messaging.lineage.flow import Flow


def create_asset(
    *, host: str, name: str, entity: str = SERVICE, extra: dict[str, Any] | None = None
) -> Asset:
    """
    Return the asset of a messaging service or topic, for ``outlets`` and ``schedule``.

    :param host: the server's host, with its port unless that is 443 for HTTPS or 80 for HTTP.
    :param name: the FQN, such as ``sample_kafka``.
    :param entity: ``service`` or ``topic``.
    :param extra: for the asset itself.
    """
    from airflow.providers.common.compat.sdk import Asset

    return Asset(uri=name_entity_on_host(host, name, entity).uri, extra=extra)


def sanitize_uri(uri: SplitResult) -> SplitResult:
    """
    Return a URI of the scheme ``openmetadata`` as each task writes it; no user or token stays in it.

    :raises ValueError: it names neither a service nor a topic.
    """
    return urlsplit(parse_uri(uri.geturl()).uri)


def convert_asset_to_openlineage(asset: Asset, lineage_context: Any) -> Any:
    """Return the dataset of OpenLineage that an asset stands for."""
    from airflow.providers.common.compat.openlineage.facet import Dataset

    name = parse_uri(asset.uri)
    return Dataset(namespace=name.namespace, name=name.name)


def add_events(context: Context, outlets: Iterable[Any], flow: Flow) -> None:
    """
    Say in the events of a task's outlets what it did, and let aliases have one only if something changed.

    :param context: the task's context.
    :param outlets: of the task.
    :param flow: what it did.
    """
    from airflow.providers.common.compat.sdk import Asset, AssetAlias

    if not outlets or (events := context.get("outlet_events")) is None:
        return
    for outlet in outlets:
        if isinstance(outlet, AssetAlias):
            if flow.changed is not None:
                events[outlet].add(Asset(uri=flow.changed.uri), extra=flow.facts)
        elif isinstance(outlet, Asset):
            events[outlet].extra.update(flow.facts)

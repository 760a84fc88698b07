"""Reading the history of a service or topic, and showing how two of its versions differ."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.model.fields import CONNECTION, shorten
from airflow_provider_om_messaging.protocol.model.versions import read_version
from airflow_provider_om_messaging.protocol.patch.history import (
    format_history,
    list_differences,
    parse_version_selector,
)

if TYPE_CHECKING:
    from airflow_provider_om_messaging.operators.versions import MessagingServiceVersionsOperator


def read_versions(task: MessagingServiceVersionsOperator) -> dict[str, Any]:
    """
    Return the history, the version or the difference that a task is to read.

    :param task: the operator whose parameters say which.
    """
    service = task.require_service()
    if task.version is None and task.compare_with is None:
        return _read_history(task, service)
    if task.compare_with is not None:
        parse_version_selector(task.compare_with, "compare_with")
    selector = "latest" if task.version is None else task.version
    state = task.hook.get_version(service, selector, entity=task.entity)
    # Even masked, it is nothing that a task downstream could use.
    snapshot = {key: value for key, value in state.items() if key != CONNECTION}
    result = {
        **_identify_service(service, state),
        "version": read_version(state).version,
        "snapshot": snapshot,
    }
    if task.compare_with is None:
        return result
    other = task.hook.get_version(service, task.compare_with, entity=task.entity)
    result["compare_with"] = read_version(other).version
    result["differences"] = list_differences(other, state)
    task.log.info("From version %s to %s:", result["compare_with"], result["version"])
    for field, step in result["differences"].items():
        task.log.info("%s: %s → %s", field, shorten(step["before"]), shorten(step["after"]))
    return result


def _read_history(task: MessagingServiceVersionsOperator, service: str) -> dict[str, Any]:
    states = task.hook.list_versions(service, task.limit, entity=task.entity)
    versions = [read_version(state) for state in states]
    for line in format_history(versions, int(time.time() * 1000)):
        task.log.info("%s", line)
    identity = _identify_service(service, states[0] if states else {})
    return {**identity, "versions": [version.to_dict() for version in versions]}


def _identify_service(service: str, entity: dict[str, Any]) -> dict[str, Any]:
    return {"service": entity.get("fullyQualifiedName") or service, "id": entity.get("id")}

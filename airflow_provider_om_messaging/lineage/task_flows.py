"""What each kind of task reads and writes, from its parameters and what it returned.

``result`` is None for a task that failed or was skipped before it had one, ``entity`` is empty if it is not
known which service the task is about.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.lineage.dataset_names import name_file
from airflow_provider_om_messaging.lineage.flow import Flow, LineageDataset

if TYPE_CHECKING:
    from collections.abc import Mapping

    Result = Mapping[str, Any] | None
    Datasets = tuple[LineageDataset, ...]


def describe_export_flow(entity: Datasets, destination: Any, result: Result) -> Flow:
    """
    Return the flow from a service to a file, which a failed export leaves as it was.

    Until a job has ended the result has no digest, and there is no file of it.
    """
    facts = _select(result, "service", "rows", "bytes", "sha256", "unchanged")
    if facts.get("sha256") is None:
        return Flow(entity, facts=facts)
    files = name_file_data(destination, version=facts["sha256"])
    if facts["unchanged"] or not files:
        return Flow(entity, files, facts=facts)
    written = replace(files[0], rows=facts.get("rows"), bytes=facts["bytes"])
    return Flow(entity, (written,), written.name, facts)


def describe_import_flow(
    source: Any,
    entity: Datasets,
    result: Result,
    *,
    is_dry_run: bool,
    expected_plan: Any,
    results_destination: Any,
) -> Flow:
    """
    Return the flow from a file to a service, which a dry run only looks at.

    Whether rows that passed were other ones before, no server says: they count as changes, unless a plan has
    found none.
    """
    facts = _select(result, "service", "dry_run", "status", "rows_passed", "rows_failed", "sha256")
    rows = (result or {}).get("rows_processed")
    read = name_file_data(source, rows=rows, version=facts.get("sha256"))
    verdicts = name_file_data(results_destination) if rows is not None else ()
    if is_dry_run:
        return Flow((*read, *entity), verdicts, facts=facts)
    written = tuple(replace(data, rows=facts.get("rows_passed")) for data in entity)
    has_changed = bool(written and facts.get("rows_passed")) and not _is_empty_plan(expected_plan)
    return Flow(read, (*written, *verdicts), written[0].name if has_changed else None, facts)


def describe_plan_flow(source: Any, against: Any, entity: Datasets, result: Result) -> Flow:
    """Return the flow from a file and what it is compared with to the files of the plan."""
    facts = _select(result, "service", "sha256", "created", "changed", "unchanged", "absent", "plan_path")
    members = result or {}
    read = name_file_data(source, version=facts.get("sha256"))
    return Flow(
        (*read, *(entity if against is None else name_file_data(against))),
        (*name_file_data(members.get("plan_path")), *name_file_data(members.get("plan_page"))),
        facts=facts,
    )


def describe_edit_flow(entity: Datasets, result: Result, *, is_preview: bool) -> Flow:
    """Return the flow of a patch or restore into a service or topic, which a preview only looks at."""
    facts = _select(result, "service", "changed", "version_before", "version", "fields")
    if "fields" in facts:
        facts["fields"] = ",".join(facts["fields"])
    if is_preview:
        return Flow(entity, facts=facts | {"changed": False})
    version = facts.get("version")
    written = tuple(replace(data, version=None if version is None else str(version)) for data in entity)
    return Flow(
        outputs=written, changed=written[0].name if written and facts.get("changed") else None, facts=facts
    )


def name_file_data(path: Any, **facts: Any) -> Datasets:
    """Return a file that a task reads or writes; nothing if it has none."""
    return (LineageDataset(name_file(path), **facts),) if isinstance(path, str) and path.strip() else ()


def _select(result: Result, *keys: str) -> dict[str, Any]:
    return {key: result[key] for key in keys if key in result} if result else {}


def _is_empty_plan(expected_plan: Any) -> bool:
    """Return whether there is a plan, and it changes no row."""
    return isinstance(expected_plan, dict) and expected_plan.get("created") == 0 == expected_plan.get(
        "changed"
    )

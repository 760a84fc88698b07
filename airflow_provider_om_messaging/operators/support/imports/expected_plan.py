"""Checking that the digest and the plan given to an import are for its file and its service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.exceptions import InvalidCsvError
from airflow_provider_om_messaging.files.storage import open_source
from airflow_provider_om_messaging.protocol.plan.gate import find_planned_rows, read_plan_result
from airflow_provider_om_messaging.protocol.wire.json_values import parse_json

if TYPE_CHECKING:
    from airflow_provider_om_messaging.files.csv_streams import CsvUpload
    from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook


def check_digest(upload: CsvUpload, expected: str | None) -> None:
    """
    Check that a file is the expected one.

    :param upload: the file.
    :param expected: its SHA-256 in hexadecimal digits, whatever their case; None for any file.
    :raises InvalidCsvError: it is another one.
    """
    if expected is not None and expected.lower() != upload.facts.sha256:
        raise InvalidCsvError(
            f"The file has the sha256 {upload.facts.sha256}, but expected_sha256 is {expected}: it is "
            "not the file that was checked. Nothing was sent."
        )


def read_planned_rows(expected_plan: Any) -> dict[str, str] | None:
    """
    Return the rows that a plan changes, by name; None without a plan.

    :param expected_plan: what the plan operator returned. A long plan lies in a file that it names.
    """
    if expected_plan is None:
        return None
    result = read_plan_result(expected_plan)
    path = result.get("plan_path")
    if not path:
        return find_planned_rows(result, None)
    with open_source(path, "expected_plan") as chunks:
        text = b"".join(chunks)
    try:
        document = parse_json(text)
    except ValueError:
        document = "no JSON"
    return find_planned_rows(result, document)


def check_plan_is_for(
    hook: OpenMetadataMessagingHook, expected_plan: Any, service: str, upload: CsvUpload
) -> None:
    """
    Check that a plan was made for this service and this file.

    :param hook: looks names up.
    :param expected_plan: what the plan operator returned.
    :param service: the service to import into.
    :param upload: the file.
    :raises InvalidCsvError: it was made for others.
    """
    planned = read_plan_result(expected_plan)
    same_service = planned["service"] == service or (
        hook.canonical_fqn(str(planned["service"])) == hook.canonical_fqn(service)
    )
    if planned["sha256"] != upload.facts.sha256 or not same_service:
        raise InvalidCsvError(
            f"The plan is for {planned['service']} and the file with the sha256 {planned['sha256']}, "
            f"not for {service} and {upload.facts.sha256}. Nothing was sent."
        )

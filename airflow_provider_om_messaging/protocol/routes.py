"""Every call of the API that this package makes: routes, methods, headers and how to read the reply."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.csv.custom_fields import read_types
from airflow_provider_om_messaging.protocol.imports import verdict
from airflow_provider_om_messaging.protocol.jobs import job, job_limits
from airflow_provider_om_messaging.protocol.model import names, versions
from airflow_provider_om_messaging.protocol.model.entities import SERVICE, EntityType
from airflow_provider_om_messaging.protocol.model.identity import check_entity, check_version
from airflow_provider_om_messaging.protocol.model.names import encode_segment, is_uuid
from airflow_provider_om_messaging.protocol.model.renamed_fields import to_current_names
from airflow_provider_om_messaging.protocol.model.shapes import get_required_text
from airflow_provider_om_messaging.protocol.topics.rights import read_rights
from airflow_provider_om_messaging.protocol.wire.message import (
    MAX_REPLY_BYTES,
    Reply,
    Request,
    limit_size,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_provider_om_messaging.protocol.csv.custom_values import CustomField
    from airflow_provider_om_messaging.protocol.imports.verdict import ImportResult
    from airflow_provider_om_messaging.protocol.jobs.job import Job
    from airflow_provider_om_messaging.protocol.topics.rights import Rights

SERVICES = SERVICE.path
JOBS = "/v1/csvAsyncJobs"

LONGEST_SILENCE = 60.0
"""Seconds that a server may be silent when it is asked for jobs, which are small: then it has a problem."""

# Exports are text on some servers and CSV on others, and asking for either by name fails on the rest.
_ANY = {"Accept": "*/*"}
_JSON = {"Accept": "application/json"}
# Without the charset, servers have taken the body for Latin-1.
_CSV_BODY = {"Accept": "*/*", "Content-Type": "text/plain; charset=UTF-8"}


def _parse_object(reply: Reply) -> dict[str, Any]:
    return reply.parse_json_object()


def _parse_entity(reply: Reply, kind: EntityType, name_or_id: str) -> dict[str, Any]:
    entity = to_current_names(reply.parse_json_object())
    check_entity(entity, kind, name_or_id)
    return entity


def _parse_versions(reply: Reply, kind: EntityType, entity_id: str) -> list[dict[str, Any]]:
    states = versions.read_versions(reply)
    for state in states:
        check_version(state, kind, entity_id)
    return states


def _parse_version(reply: Reply, kind: EntityType, entity_id: str, version: str) -> dict[str, Any]:
    state = to_current_names(reply.parse_json_object())
    check_version(state, kind, entity_id, version)
    return state


def get_server_version() -> Request[dict[str, Any]]:
    """Ask for the server's version; needs no token."""
    return Request(
        "GET", "/v1/system/version", _parse_object, "the server's version", headers=_JSON, safe=True
    )


def get_logged_in_user() -> Request[dict[str, Any]]:
    """Ask who the token belongs to."""
    return Request(
        "GET", "/v1/users/loggedInUser", _parse_object, "who is logged in", headers=_JSON, safe=True
    )


def get_certification_settings() -> Request[dict[str, Any]]:
    """Ask which classification certifies. Servers answer administrators only; there is a default."""
    path = "/v1/system/settings/assetCertificationSettings"
    return Request("GET", path, _parse_certification_settings, "what certifies", headers=_JSON, safe=True)


def get_permissions(topic_id: str = "") -> Request[Rights]:
    """
    Ask what the token's user may do to topics.

    :param topic_id: of the only one that is meant: what depends on the topic is told of one alone.
    """
    path = "/v1/permissions/topic" + (f"/{encode_segment(topic_id)}" if topic_id else "")
    return Request("GET", path, read_rights, "what a user may do", headers=_JSON, safe=True)


def get_custom_fields() -> Request[dict[str, CustomField]]:
    """Ask which custom fields topics have, and what they take."""
    path, query = "/v1/metadata/types/name/topic", {"fields": "customProperties"}
    return Request("GET", path, read_types, "the custom fields of topics", query, _JSON, safe=True)


def get_service(name_or_id: str, fields: Iterable[str] = ()) -> Request[dict[str, Any]]:
    """
    Ask for a messaging service.

    :param name_or_id: its canonical FQN or its id.
    :param fields: fields beyond those that are always sent, by the names that the server takes.
    """
    read = partial(_parse_entity, kind=SERVICE, name_or_id=name_or_id)
    return Request(
        "GET",
        _build_entity_path(SERVICE, name_or_id),
        read,
        SERVICE.plural,
        _build_fields_query(fields),
        _JSON,
        safe=True,
    )


def export(fqn: str) -> Request[str]:
    """Ask for the CSV of a service."""
    return Request(
        "GET", f"{SERVICES}/name/{encode_segment(fqn)}/export", _parse_text, _EXPORT, headers=_ANY, safe=True
    )


def submit_export(fqn: str) -> Request[str]:
    """Start an export job. Each such request makes a job, so it is not repeated although it is a GET."""
    path = f"{SERVICES}/name/{encode_segment(fqn)}/exportAsync"
    return Request("GET", path, job.read_submitted, f"{_EXPORT} as a job", headers=_ANY)


def import_csv(fqn: str, dry_run: bool, rows_sent: int | None = None) -> Request[ImportResult]:
    """
    Import a CSV, which is the body of the request.

    :param dry_run: whether the server is only to check. Always sent, and only as ``true`` or ``false``: a
        server that is not sent the parameter takes it for true, and old ones take any other word for false.
    :param rows_sent: data rows in the body.
    """
    read = partial(verdict.read_import, dry_run=dry_run, rows_sent=rows_sent)
    path = f"{SERVICES}/name/{encode_segment(fqn)}/import"
    return Request("PUT", path, read, _IMPORT, _format_dry_run(dry_run), _CSV_BODY)


def submit_import(fqn: str, dry_run: bool) -> Request[str]:
    """Start an import job; parameters as in :func:`import_csv`."""
    path = f"{SERVICES}/name/{encode_segment(fqn)}/importAsync"
    return Request(
        "PUT", path, job.read_submitted, f"{_IMPORT} as a job", _format_dry_run(dry_run), _CSV_BODY
    )


def get_job(job_id: str) -> Request[Job]:
    """Ask for an async CSV job."""
    path = f"{JOBS}/{encode_segment(job_id)}"
    return Request(
        "GET",
        path,
        partial(job.read_job, job_id=job_id),
        _JOBS,
        headers=_JSON,
        safe=True,
        longest_silence=LONGEST_SILENCE,
    )


def list_jobs(limit: int = 20) -> Request[list[Job]]:
    """
    Ask for the caller's own jobs, newest first.

    :param limit: how many; the server gives 1 to 100.
    """
    return Request(
        "GET",
        JOBS,
        job.read_jobs,
        _JOBS,
        {"limit": str(limit)},
        _JSON,
        safe=True,
        longest_silence=LONGEST_SILENCE,
        largest=limit_size(job.LONGEST_LIST),
    )


def get_job_result(job_id: str) -> Request[str]:
    """Ask for the CSV that an export job made."""
    return Request(
        "GET", f"{JOBS}/{encode_segment(job_id)}/result", _parse_text, _JOBS, headers=_ANY, safe=True
    )


def get_job_verdict(job_id: str, dry_run: bool | None, rows_sent: int | None) -> Request[ImportResult]:
    """Ask for the verdict on an import job, which only some servers keep; parameters as for reading it."""
    read = partial(verdict.read_import, dry_run=dry_run, rows_sent=rows_sent)
    path = f"{JOBS}/{encode_segment(job_id)}/importResult"
    # It is not known how large the file was; a job takes no larger ones than that.
    largest = MAX_REPLY_BYTES + 4 * job_limits.LARGEST
    return Request("GET", path, read, "the verdict on import jobs", headers=_JSON, safe=True, largest=largest)


def cancel_job(job_id: str) -> Request[Job]:
    """Ask to cancel a job; on a finished one that does nothing."""
    path = f"{JOBS}/{encode_segment(job_id)}/cancel"
    read = partial(job.read_job, job_id=job_id)
    return Request("PUT", path, read, _JOBS, headers=_JSON, longest_silence=LONGEST_SILENCE)


def patch_service(entity_id: str, version: str, kind: EntityType = SERVICE) -> Request[dict[str, Any]]:
    """
    Patch a service, or an entity of another kind; the body is an RFC 6902 patch in the names of its server.

    :param entity_id: its id: by name, old servers have no such route.
    :param version: the version that the patch was made for. It goes as a weak tag, because a strong one taken
        from a read with other fields never matches.
    :param kind: what is patched.
    """
    headers = {**_JSON, "Content-Type": "application/json-patch+json", "If-Match": f'W/"{version}"'}
    read = partial(_parse_entity, kind=kind, name_or_id=entity_id)
    return Request(
        "PATCH", f"{kind.path}/{encode_segment(entity_id)}", read, f"patching {kind.plural}", {}, headers
    )


def encode_json_body(document: Any) -> bytes:
    """Return a document as the bytes of a request's body."""
    return json.dumps(document).encode("ascii")


def list_versions(entity_id: str, kind: EntityType = SERVICE) -> Request[list[dict[str, Any]]]:
    """Ask for the whole history of an entity, huge for an old one; there is no such route by name."""
    path = f"{kind.path}/{encode_segment(entity_id)}/versions"
    read = partial(_parse_versions, kind=kind, entity_id=entity_id)
    feature, largest = f"versions of {kind.plural}", 16 * MAX_REPLY_BYTES
    return Request("GET", path, read, feature, headers=_JSON, safe=True, largest=largest)


def get_version(entity_id: str, version: str, kind: EntityType = SERVICE) -> Request[dict[str, Any]]:
    """Ask for an entity as it was in one version."""
    path = f"{kind.path}/{encode_segment(entity_id)}/versions/{encode_segment(version)}"
    read = partial(_parse_version, kind=kind, entity_id=entity_id, version=version)
    return Request("GET", path, read, f"versions of {kind.plural}", headers=_JSON, safe=True)


def _parse_certification_settings(reply: Reply) -> dict[str, Any]:
    value = reply.parse_json_object().get("config_value") if reply.body else None
    return value if isinstance(value, dict) else {"allowedClassification": "Certification"}


_EXPORT = "CSV export of messaging services"
_IMPORT = "CSV import of messaging services"
_JOBS = "the states of async CSV jobs"


def _format_dry_run(dry_run: bool) -> dict[str, str]:
    # What is not exactly True must not become a real import.
    return {"dryRun": "true" if names.require_flag("dry_run", dry_run) else "false"}


def _parse_text(reply: Reply) -> str:
    return reply.body.decode("utf-8")


@dataclass(frozen=True)
class ReadEntity:
    """
    An entity as it was read for a change.

    :param entity: the entity.
    :param tagged: whether the server sends entity tags, and so honours ``If-Match``.
    """

    entity: dict[str, Any]
    tagged: bool


def read_entity(kind: EntityType, name_or_id: str, fields: Iterable[str] = ()) -> Request[ReadEntity]:
    """
    Ask for an entity that is to be changed, or referred to.

    :param name_or_id: its canonical FQN or its id.
    :param fields: as for :func:`get_service`.
    """
    read = partial(_read, kind=kind, name_or_id=name_or_id)
    return Request(
        "GET",
        _build_entity_path(kind, name_or_id),
        read,
        kind.plural,
        _build_fields_query(fields),
        _JSON,
        safe=True,
    )


def list_names(kind: EntityType, limit: int = 1000) -> Request[list[str]]:
    """
    Ask for the fully qualified names of a kind of entity.

    :param limit: how many at most.
    """
    query, largest = {"limit": str(limit)}, limit_size(limit)
    return Request("GET", kind.path, _list_names, kind.plural, query, _JSON, safe=True, largest=largest)


def _build_fields_query(fields: Iterable[str]) -> dict[str, str]:
    names = ",".join(fields)
    return {"fields": names} if names else {}


def _build_entity_path(kind: EntityType, name_or_id: str) -> str:
    tail = encode_segment(name_or_id) if is_uuid(name_or_id) else f"name/{encode_segment(name_or_id)}"
    return f"{kind.path}/{tail}"


def _read(reply: Reply, kind: EntityType, name_or_id: str) -> ReadEntity:
    entity = _parse_entity(reply, kind, name_or_id)
    get_required_text(entity, "id")
    return ReadEntity(entity, "etag" in reply.headers)


def _list_names(reply: Reply) -> list[str]:
    listed = reply.parse_json_object().get("data")
    entities = listed if isinstance(listed, list) else []
    fqns = [item.get("fullyQualifiedName") for item in entities if isinstance(item, dict)]
    return [name for name in fqns if isinstance(name, str)]

"""A service's own metadata as a file: what people say of it, and nothing of how it is connected.

What the service refers to is there by name, so that the file can be read and compared, and brings the same
back where the same names have other ids.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from airflow_provider_om_messaging.protocol.model.fields import LISTS, TEXTS, Entity, get_own_value
from airflow_provider_om_messaging.protocol.model.names import join_fqn
from airflow_provider_om_messaging.protocol.model.references import parse_reference
from airflow_provider_om_messaging.protocol.model.shapes import get_required_text
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.json_values import parse_json
from airflow_provider_om_messaging.protocol.wire.message import make_unexpected_reply_fault

FIELDS = (*TEXTS, *LISTS)
"""What the file holds. In no version do the schemas of services have custom properties."""
LARGEST = 16 * 1024 * 1024
"""Bytes of a file."""
_FORMAT = "openmetadata-messaging-service"
_VERSION = 1
_LABEL_KINDS = {"Glossary": "glossaryTerm"}


def format_metadata(service: Entity) -> bytes:
    """
    Return the file of a service; the same bytes as long as nothing in it has changed.

    A tag that a glossary term has brought along is left out: it comes and goes with the term.

    :param service: as it was read, with owners, tags and domains.
    """
    metadata = {field: get_own_value(service, field) for field in TEXTS}
    metadata |= {field: sorted(map(_name_entry, get_own_value(service, field) or ())) for field in LISTS}
    document = {
        "format": _FORMAT,
        "formatVersion": _VERSION,
        "service": join_fqn(get_required_text(service, "name")),
        "serviceType": service.get("serviceType"),
        "metadata": metadata,
    }
    try:
        return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()
    except UnicodeEncodeError:
        raise make_unexpected_reply_fault("a text with half a character in it") from None


def parse_metadata(content: bytes) -> tuple[str, dict[str, Any]]:
    """
    Return the service that a file is of, and field → value as ``changes`` takes them.

    :raises Fault: it is no such file, or holds what no export has written.
    """
    try:
        document = parse_json(content)
    except ValueError:
        raise _make_invalid_fault("is not JSON") from None
    if not isinstance(document, Mapping) or document.get("format") != _FORMAT:
        raise _make_invalid_fault("is no file of a service's metadata")
    if document.get("formatVersion") != _VERSION:
        raise _make_invalid_fault(
            f"has the format {document.get('formatVersion')!r}; this version reads {_VERSION}"
        )
    service, metadata = document.get("service"), document.get("metadata")
    if not isinstance(service, str) or not service or not isinstance(metadata, Mapping) or not metadata:
        raise _make_invalid_fault("does not say which service it is of, or holds no metadata")
    if unknown := [field for field in metadata if field not in FIELDS]:
        raise _make_invalid_fault(f"holds {', '.join(map(repr, unknown))}; it may hold {', '.join(FIELDS)}")
    for field, value in metadata.items():
        _check_value(field, value)
    return service, dict(metadata)


def _name_entry(item: Mapping[str, Any]) -> str:
    """Return an entry as ``changes`` takes it, always with its kind: a name alone may begin with a sign."""
    if "tagFQN" in item:
        return f"{_LABEL_KINDS.get(str(item.get('source')), 'tag')}:{item['tagFQN']}"
    name = item.get("fullyQualifiedName") or join_fqn(str(item.get("name")))
    return f"{item.get('type') or 'domain'}:{name}"


def _check_value(field: str, value: object) -> None:
    if field in TEXTS:
        if value is not None and not isinstance(value, str):
            raise _make_invalid_fault(f"holds a {field} that is no text")
        return
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise _make_invalid_fault(f"holds {field} that are no list of names")
    for entry in value:
        parse_reference(field, entry, "source")


def _make_invalid_fault(problem: str) -> Fault:
    return Fault(Cause.INVALID_PARAMETER, f"source {problem}. Nothing was sent.")

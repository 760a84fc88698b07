"""The history of an entity: version numbers, who made them and which fields they touched."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from airflow_provider_om_messaging.protocol.wire import Reply, unexpected


@dataclass(frozen=True)
class Version:
    """
    One entry of a history.

    :param version: its number as text, such as ``0.2``.
    :param updated_at: when it was made, milliseconds since 1970; None if the server does not tell.
    :param updated_by: who made it.
    :param fields: names of the fields that it changed.
    """

    version: str
    updated_at: int | None
    updated_by: str
    fields: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the entry for XCom, the time as ISO 8601 text in UTC."""
        return {
            "version": self.version,
            "updated_at": iso_time(self.updated_at),
            "updated_by": self.updated_by,
            "fields": list(self.fields),
        }


def version_of(entity: dict[str, Any]) -> Version:
    """
    Return the history entry that an entity document stands for.

    :param entity: an entity as the server sends it.
    """
    number = entity.get("version")
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        raise unexpected("an entity without a version number")
    updated_at = entity.get("updatedAt")
    updated_by = entity.get("updatedBy")
    return Version(
        version=str(float(number)),
        updated_at=updated_at if isinstance(updated_at, int) else None,
        updated_by=updated_by if isinstance(updated_by, str) else "",
        fields=_changed_fields(entity.get("changeDescription")),
    )


def read_versions(reply: Reply) -> list[dict[str, Any]]:
    """
    Return the entities of a history, newest first. The server sends each as a JSON text inside the JSON.

    :raises Fault: the reply is no history.
    """
    documents = reply.json_object().get("versions")
    if not isinstance(documents, list):
        raise unexpected("JSON without a list of versions")
    try:
        entities = [json.loads(document) if isinstance(document, str) else document for document in documents]
    except ValueError:
        raise unexpected("a version that is not JSON") from None
    if not all(isinstance(entity, dict) for entity in entities):
        raise unexpected("a version that is not an entity")
    return entities


def iso_time(milliseconds: int | None) -> str | None:
    """
    Return a server's time stamp as ISO 8601 text in UTC.

    :param milliseconds: since 1970.
    """
    if milliseconds is None:
        return None
    import pendulum

    return (
        pendulum.from_timestamp(milliseconds / 1000).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def _changed_fields(description: Any) -> tuple[str, ...]:
    if not isinstance(description, dict):
        return ()
    names: dict[str, None] = {}
    for kind in ("fieldsAdded", "fieldsUpdated", "fieldsDeleted"):
        for change in description.get(kind) or ():
            if isinstance(change, dict) and isinstance(change.get("name"), str):
                names[change["name"]] = None
    return tuple(names)

"""Version arithmetic: what changed, which number comes next, and when edits of one person melt together."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.sandbox.entities import schema_fields

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox.entity_types.registry import Document

FIRST_VERSION = 0.1
#: A person's PATCHes within this time of their last one count as one session, in milliseconds.
SESSION_MILLIS = 10 * 60 * 1000

_BOOKKEEPING = frozenset(
    {
        "id",
        "name",
        "fullyQualifiedName",
        "version",
        "updatedAt",
        "updatedBy",
        "href",
        "changeDescription",
        "incrementalChangeDescription",
    }
)
_LISTS = {"owners": "id", "domains": "id", "followers": "id", "dataProducts": "id", "tags": "tagFQN"}


#: References that are one thing in some generations: another description of the same one is no change.
_SINGLE = ("owner", "domain")


def build_empty_change(version: float) -> Document:
    """Return a change description without a change."""
    return {"fieldsAdded": [], "fieldsUpdated": [], "fieldsDeleted": [], "previousVersion": version}


def build_change_description(old: Document, new: Document, *, empty_text_is_nothing: bool = True) -> Document:
    """
    Return what was added, updated and deleted, in the form of a change description.

    Missing, null and an empty list are all the same nothing.

    :param empty_text_is_nothing: and so is an empty text.
    """
    nothing: tuple[Any, ...] = (None, "", []) if empty_text_is_nothing else (None, [])
    changes: Document = {"fieldsAdded": [], "fieldsUpdated": [], "fieldsDeleted": []}
    for name in sorted((set(old) | set(new)) - _BOOKKEEPING):
        before, after = old.get(name), new.get(name)
        if name == schema_fields.SCHEMA and after is not None:
            schema_fields.add_changes(changes, old, new)
        elif name in _LISTS:
            _list_changes(changes, name, before or [], after or [])
        elif (before in nothing and after in nothing) or _is_same(name, before, after):
            continue
        elif before in nothing:
            changes["fieldsAdded"].append({"name": name, "newValue": _describe_change(after)})
        elif after in nothing:
            changes["fieldsDeleted"].append({"name": name, "oldValue": _describe_change(before)})
        else:
            changes["fieldsUpdated"].append(
                {"name": name, "oldValue": _describe_change(before), "newValue": _describe_change(after)}
            )
    return changes


def is_empty(changes: Document) -> bool:
    """Return whether a change description holds no change."""
    return not (changes["fieldsAdded"] or changes["fieldsUpdated"] or changes["fieldsDeleted"])


def compute_next_version(version: float, changes: Document) -> float:
    """Return the number after a change: +0.1, or +1.0 when readers of messages may break."""
    return round(version + (1.0 if schema_fields.has_removed_fields(changes) else 0.1), 1)


def is_in_session(current: Document, user: str, now: int) -> bool:
    """
    Return whether a PATCH continues the session that made the current version.

    :param now: milliseconds since the epoch.
    """
    return (
        current.get("updatedBy") == user
        and now - int(current["updatedAt"]) <= SESSION_MILLIS
        and "previousVersion" in (current.get("changeDescription") or {})
        and float(current["version"]) > FIRST_VERSION
        and not current.get("deleted")
    )


def _list_changes(changes: Document, name: str, before: list[Document], after: list[Document]) -> None:
    key = _LISTS[name]
    old, new = ({item.get(key) for item in items} for items in (before, after))
    added = [item for item in after if item.get(key) not in old]
    deleted = [item for item in before if item.get(key) not in new]
    if added:
        changes["fieldsAdded"].append({"name": name, "newValue": _describe_change(added)})
    if deleted:
        changes["fieldsDeleted"].append({"name": name, "oldValue": _describe_change(deleted)})


def _is_same(name: str, before: Any, after: Any) -> bool:
    if name in _SINGLE and before and after:
        return (before["type"], before["id"]) == (after["type"], after["id"])
    return bool(before == after)


def _describe_change(value: Any) -> Any:
    return (
        value
        if isinstance(value, (str, int, float, bool))
        else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    )

"""The shapes that the members of an entity have to have, whoever gives them: a server, a patch, a journal.

Everything else may then rely on them: tags are a list of labels, a reference is an object, a name is a text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from airflow_provider_om_messaging.protocol.wire.message import make_unexpected_reply_fault

_ID = re.compile(r"[\w.:-]{1,100}", re.ASCII)
_TEXT, _OBJECT = "a text", "an object"
_NAMES = ("fullyQualifiedName", "name", "id")
_TEXTS_OF_REFERENCE = ("type", "name", "fullyQualifiedName", "displayName")
_TEXTS_OF_LABEL = ("tagFQN", "name", "source", "labelType", "state")
_REFERENCES = ("owners", "domains", "dataProducts", "followers", "reviewers", "pipelines")
_CHANGES = ("fieldsAdded", "fieldsUpdated", "fieldsDeleted")


def check_shapes(entity: Mapping[str, Any]) -> None:
    """
    Check the members of an entity that a server sent, in today's names.

    :raises Fault: one has another shape than any server gives it.
    """
    for field, value in entity.items():
        if problem := find_shape_problem(field, value):
            raise make_unexpected_reply_fault(f"an entity whose {problem}")


def get_required_text(entity: Mapping[str, Any], member: str) -> str:
    """
    Return a member that an entity cannot be without.

    :raises Fault: the server sent none.
    """
    value = entity.get(member)
    if not isinstance(value, str) or not value:
        raise make_unexpected_reply_fault(f"an entity without {member}")
    return value


def find_shape_problem(field: str, value: Any) -> str | None:
    """
    Return what is wrong with the shape of a member, such as ``tags is no list``; None if nothing is.

    Null is a value of every member, and anything is one of members that are not known here.

    :param field: its name of today.
    """
    check = _SHAPES.get(field)
    problem = check(value) if check is not None and value is not None else None
    return f"{field} {problem}" if problem else None


def _check_text(value: Any) -> str | None:
    return None if isinstance(value, str) else f"is not {_TEXT}"


def _check_object(value: Any) -> str | None:
    return None if isinstance(value, Mapping) else f"is not {_OBJECT}"


def _check_id(value: Any) -> str | None:
    return None if isinstance(value, str) and _ID.fullmatch(value) else "is not an id"


def _check_reference(value: Any) -> str | None:
    if not isinstance(value, Mapping):
        return f"is not {_OBJECT}"
    if not any(value.get(name) for name in _NAMES):
        return "refers to nothing: it has neither an id nor a name"
    return _find_wrong_text(value, _TEXTS_OF_REFERENCE) or (
        f"has an id that {_check_id(value['id'])}"
        if value.get("id") is not None and _check_id(value["id"])
        else None
    )


def _check_label(value: Any) -> str | None:
    if not isinstance(value, Mapping):
        return f"is not {_OBJECT}"
    return "has no tagFQN" if not value.get("tagFQN") else _find_wrong_text(value, _TEXTS_OF_LABEL)


def _check_certification(value: Any) -> str | None:
    if not isinstance(value, Mapping):
        return f"is not {_OBJECT}"
    label = value.get("tagLabel")
    problem = _check_label(label) if label is not None else None
    return f"has a tagLabel that {problem}" if problem else None


def _check_changes(value: Any) -> str | None:
    if not isinstance(value, Mapping):
        return f"is not {_OBJECT}"
    for kind in _CHANGES:
        problem = _check_each(_check_change)(value[kind]) if value.get(kind) is not None else None
        if problem:
            return f"has {kind}, which {problem}"
    return None


def _check_change(value: Any) -> str | None:
    named = isinstance(value, Mapping) and isinstance(value.get("name"), str)
    return None if named else "names no field"


def _check_each(check: Callable[[Any], str | None]) -> Callable[[Any], str | None]:
    def check_all(value: Any) -> str | None:
        if not isinstance(value, list):
            return "is not a list"
        problem = next(filter(None, map(check, value)), None)
        return f"has an entry that {problem}" if problem else None

    return check_all


def _find_wrong_text(value: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    wrong = [name for name in names if not isinstance(value.get(name), (str, type(None)))]
    return f"has a {wrong[0]} that is not {_TEXT}" if wrong else None


_SHAPES: dict[str, Callable[[Any], str | None]] = {
    "id": _check_id,
    "name": _check_text,
    "fullyQualifiedName": _check_text,
    "displayName": _check_text,
    "description": _check_text,
    **dict.fromkeys(_REFERENCES, _check_each(_check_reference)),
    "tags": _check_each(_check_label),
    "certification": _check_certification,
    "connection": _check_object,
    "extension": _check_object,
    "service": _check_reference,
    "changeDescription": _check_changes,
    "incrementalChangeDescription": _check_changes,
}

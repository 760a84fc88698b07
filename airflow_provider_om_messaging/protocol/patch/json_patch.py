"""Applying a JSON Patch (RFC 6902) to a document here, before a server is asked to do it."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.wire.json_values import is_same_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_NOTHING: Any = object()


class DoesNotApplyError(Exception):
    """
    An operation cannot be carried out on this document.

    :param message: why not.
    :param operation: the operation, if it is one of several.
    """

    def __init__(self, message: str, operation: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.operation = operation


def split_pointer(pointer: str) -> list[str]:
    """Return the member names that a JSON pointer goes through."""
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


def list_pointers(operation: Mapping[str, Any]) -> list[str]:
    """Return the pointers of an operation: where it writes or tests, and where it takes a value from."""
    return [operation[member] for member in ("path", "from") if member in operation]


def apply_patch(document: Any, operations: Iterable[Mapping[str, Any]]) -> Any:
    """
    Return a copy of a document after a patch. As on servers, ``replace`` on an absent member adds it.

    :param operations: checked operations.
    :raises DoesNotApplyError: naming the operation by its number, from 1, and its pointer.
    """
    result = copy.deepcopy(document)
    for number, operation in enumerate(operations, 1):
        try:
            _carry_out(result, operation)
        except DoesNotApplyError as error:
            raise DoesNotApplyError(
                f"operation {number} ({operation['op']} {operation['path']}): {error}", operation
            ) from None
    return result


def resolve_pointer(document: Any, pointer: str) -> Any:
    """
    Return the value that a pointer leads to.

    :raises DoesNotApplyError: it leads nowhere.
    """
    for token in split_pointer(pointer):
        document = _step_into(document, token)
    return document


def _carry_out(document: Any, operation: Mapping[str, Any]) -> None:
    kind, pointer = operation["op"], operation["path"]
    if kind == "test":
        if not is_same_value(resolve_pointer(document, pointer), operation["value"]):
            raise DoesNotApplyError("the value is another one")
    elif kind == "remove":
        _remove(document, pointer)
    elif kind == "replace":
        parent, last = _find_parent(document, pointer)
        if isinstance(parent, list):
            parent[_parse_index(last, len(parent))] = copy.deepcopy(operation["value"])
        else:
            _put(document, pointer, operation["value"])
    elif kind == "add":
        _put(document, pointer, operation["value"])
    else:
        value = copy.deepcopy(resolve_pointer(document, operation["from"]))
        if kind == "move":
            _remove(document, operation["from"])
        _put(document, pointer, value)


def _put(document: Any, pointer: str, value: Any) -> None:
    parent, last = _find_parent(document, pointer)
    if isinstance(parent, list):
        parent.insert(
            len(parent) if last == "-" else _parse_index(last, len(parent) + 1), copy.deepcopy(value)
        )
    else:
        parent[last] = copy.deepcopy(value)


def _remove(document: Any, pointer: str) -> None:
    parent, last = _find_parent(document, pointer)
    _step_into(parent, last)
    del parent[_parse_index(last, len(parent)) if isinstance(parent, list) else last]


def _find_parent(document: Any, pointer: str) -> tuple[Any, str]:
    *path, last = split_pointer(pointer)
    for token in path:
        document = _step_into(document, token)
    if not isinstance(document, (dict, list)):
        raise DoesNotApplyError("there is neither an object nor a list to hold it")
    return document, last


def _step_into(value: Any, token: str) -> Any:
    child = _NOTHING
    if isinstance(value, list):
        child = value[_parse_index(token, len(value))]
    elif isinstance(value, dict):
        child = value.get(token, _NOTHING)
    if child is _NOTHING:
        raise DoesNotApplyError(f"there is nothing named {token!r}")
    return child


def _parse_index(token: str, length: int) -> int:
    if not (token.isascii() and token.isdigit()) or (len(token) > 1 and token[0] == "0"):
        raise DoesNotApplyError(f"{token!r} is no index of a list")
    if len(token) > len(str(length)) or int(token) >= length:
        raise DoesNotApplyError(f"the list has no entry {token}")
    return int(token)

"""JSON Patch (RFC 6902) with the server's own ways of applying it."""

from __future__ import annotations

import json
import re
from typing import Any

from airflow_provider_om_messaging.sandbox.entity_types.shapes import copy_json
from airflow_provider_om_messaging.sandbox.generations import GENERATION_2_0, Generation
from airflow_provider_om_messaging.sandbox.http import json_text
from airflow_provider_om_messaging.sandbox.http.errors import (
    ApiError,
    bad_request,
    mapping_error,
    unhandled_error,
)

Operation = dict[str, Any]
_VERBS = ("add", "remove", "replace", "move", "copy", "test")


class _PatchFault(Exception):
    """
    An operation that cannot be carried out.

    :param looked_in: the object or list that does not have what is looked for, which old servers quote.
    :param old_words: what old servers say that it does not have.
    """

    def __init__(self, text: str, looked_in: Any = None, old_words: str = "") -> None:
        super().__init__(text)
        self.looked_in = looked_in
        self.old_words = old_words


class _UnequalError(Exception):
    """A test of an operation that fails; its words are those of Johnzon, the servers' library."""

    def __init__(self) -> None:
        super().__init__("JsonPatch.Operation.TEST fails! Values are not equal")


def parse(body: bytes, generation: Generation = GENERATION_2_0) -> list[Operation]:
    """
    Return the operations of a patch document.

    Text that is no patch at all is a 500 in newer servers, a pointer without its slash a 400; before, it was
    the other way round.
    """
    if generation.patch_checks_body:
        operations = json_text.parse(body)
        if not isinstance(operations, list):
            text = body.decode("utf-8", "replace")
            place = json_text.format_position(text, len(text) - len(text.lstrip()))
            raise mapping_error(f"JSON patch has to be an array of objects\n at {place}")
    else:
        try:
            operations = json.loads(body)
        except (ValueError, RecursionError):
            raise unhandled_error("Failed to parse JsonPatch") from None
    if not isinstance(operations, list) or not all(_is_operation(item) for item in operations):
        raise unhandled_error("Failed to parse JsonPatch")
    for operation in operations:
        for member in ("path", "from"):
            pointer = operation.get(member, "")
            if pointer and not pointer.startswith("/"):
                if generation.patch_checks_body:
                    raise unhandled_error("A non-empty JsonPointer string must begin with a '/'")
                raise bad_request(
                    f"Invalid JSON Patch '{member}' value '{pointer}': "
                    "a JSON Pointer starts with '/' (RFC 6901)"
                )
    return operations


def apply(
    document: Any, operations: list[Operation], error_status: int, generation: Generation = GENERATION_2_0
) -> Any:
    """
    Return a copy of the document with the operations carried out.

    :param document: what to patch; left as it is.
    :param operations: from :func:`parse`; their order counts, but old servers have one of their own.
    :param error_status: status of an operation that fails: 400, or 500 before May 2026.
    :param generation: how the server applies them.
    """
    result = copy_json(document)
    if generation.patch_removes_last:
        operations = sorted(operations, key=_build_old_sort_key)
    for operation in operations:
        if _is_skipped(operation["path"]):
            continue
        try:
            result = _carry_out(result, operation, adds_absent=generation.patch_adds_absent)
        except _PatchFault as fault:
            text = (
                f"The JSON Patch operation '{operation['op']}' failed for path '{operation['path']}': {fault}"
            )
            if generation.patch_quotes_entity and fault.looked_in is not None:
                quoted = json.dumps(
                    _sort_connection(fault.looked_in), ensure_ascii=False, separators=(",", ":")
                )
                text = f"'{quoted}' contains no {fault.old_words}"
            raise _make_patch_error(text, error_status) from None
        except _UnequalError as fault:
            raise _make_patch_error(str(fault), error_status) from None
    return result


def _make_patch_error(text: str, status: int) -> ApiError:
    return bad_request(text) if status == 400 else unhandled_error(text)


def _sort_connection(document: Any) -> Any:
    """Return what an error quotes: connections in the order in which the database keeps their members."""
    connection = document.get("connection") if isinstance(document, dict) else None
    if not isinstance(connection, dict) or not isinstance(connection.get("config"), dict):
        return document
    config = dict(sorted(connection["config"].items(), key=lambda item: (len(item[0]), item[0])))
    return {**document, "connection": {**connection, "config": config}}


def _build_old_sort_key(operation: Operation) -> tuple[bool, int]:
    """
    Return where old servers put an operation, to be kind to indexes of lists.

    The others come by the digits in their paths, then the removals from the highest down.
    """
    digits = int("".join(re.findall("[0-9]", operation["path"])) or 0)
    return (True, -digits) if operation["op"] == "remove" else (False, digits)


def list_touched_paths(operations: list[Operation]) -> set[tuple[str, ...]]:
    """Return every path that an operation looks at, by its members: a test needs the right as well."""
    pointers = [item["path"] for item in operations]
    pointers += [item["from"] for item in operations if item["op"] == "move"]
    return {tuple(_split_pointer(pointer)) for pointer in pointers if not _is_skipped(pointer)}


def _is_operation(item: Any) -> bool:
    if not isinstance(item, dict) or item.get("op") not in _VERBS or not isinstance(item.get("path"), str):
        return False
    if item["op"] in ("add", "replace", "test"):
        return "value" in item
    return item["op"] == "remove" or isinstance(item.get("from"), str)


def _is_skipped(pointer: str) -> bool:
    if pointer.endswith("href"):
        return True
    return pointer.startswith(("/changeDescription", "/incrementalChangeDescription"))


def _carry_out(document: Any, operation: Operation, *, adds_absent: bool) -> Any:
    verb, pointer = operation["op"], operation["path"]
    if verb == "test":
        if not _is_equal(_read(document, pointer), operation["value"]):
            raise _UnequalError
        return document
    if verb == "remove":
        return _remove(document, pointer)
    if verb == "replace" and (not adds_absent or _exists(document, pointer)):
        return _add(_remove(document, pointer), pointer, operation["value"])
    if verb in ("add", "replace"):
        return _add(document, pointer, operation["value"])
    value = copy_json(_read(document, operation["from"]))
    if verb == "move":
        document = _remove(document, operation["from"])
    return _add(document, pointer, value)


def _is_equal(one: Any, other: Any) -> bool:
    """Return whether two JSON values are the same; to Python alone ``true`` is ``1``."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _split_pointer(pointer: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def _parse_index(part: str, length: int, value: Any = None) -> int:
    if not part.isascii() or not part.isdigit() or (len(part) > 1 and part.startswith("0")):
        raise _PatchFault(f"'{part}' is no array index")
    if int(part) >= length:
        raise _PatchFault(
            f"array index {part} is out of bounds", value, f"element for index {part} and for '{part}'."
        )
    return int(part)


def _step_into(value: Any, part: str) -> Any:
    if isinstance(value, list):
        return value[_parse_index(part, len(value), value)]
    if isinstance(value, dict) and part in value:
        return value[part]
    raise _PatchFault(f"there is no value named '{part}'", value, f"value for name '{part}'")


def _read(document: Any, pointer: str) -> Any:
    for part in _split_pointer(pointer):
        document = _step_into(document, part)
    return document


def _exists(document: Any, pointer: str) -> bool:
    try:
        _read(document, pointer)
    except _PatchFault:
        return False
    return True


def _add(document: Any, pointer: str, value: Any) -> Any:
    value = copy_json(value)
    if not pointer:
        return value
    *path, last = _split_pointer(pointer)
    parent = document
    for part in path:
        parent = _step_into(parent, part)
    if isinstance(parent, dict):
        parent[last] = value
    elif isinstance(parent, list):
        parent.insert(len(parent) if last == "-" else _parse_index(last, len(parent) + 1, parent), value)
    else:
        raise _PatchFault("the parent is neither an object nor an array")
    return document


def _remove(document: Any, pointer: str) -> Any:
    if not pointer:
        raise _PatchFault("the whole document cannot be removed")
    *path, last = _split_pointer(pointer)
    parent = document
    for part in path:
        parent = _step_into(parent, part)
    _step_into(parent, last)
    del parent[int(last) if isinstance(parent, list) else last]
    return document


def make_misfit_error(entity_type: str, reason: str, status: int) -> ApiError:
    """
    Return the error of a patch whose result no longer fits the entity's class.

    :param status: 500; 400 in 1.2.
    """
    if status == 400:
        return bad_request(reason)
    return unhandled_error(f"Failed to convert JsonValue to {entity_type}: {reason}")

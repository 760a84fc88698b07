"""Names of services, versions and jobs as users write them, and as they have to stand in a URL."""

from __future__ import annotations

import ast
import json
import re
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.printable import to_printable

if TYPE_CHECKING:
    from typing import TypeGuard

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_JOB_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_VERSION = re.compile(r"[0-9]{1,5}(\.[0-9]{1,9})?")
LONGEST_TIME = 1e9
"""Seconds, some thirty years: clocks and calendars cannot reckon with as much as a number may say."""
_RENDERED: dict[str, object] = {
    **{text: text.lower() == "true" for text in ("True", "true", "False", "false")},
    **{text: float("nan") for text in ("nan", "NaN")},
    "set()": set(),
}
"""What templates and the filter ``tojson`` make of values, without a bracket at the start."""


def encode_segment(text: str) -> str:
    """Return the text as one percent-encoded path segment."""
    return quote(text, safe="")


def is_uuid(text: str) -> bool:
    """Return whether the text is an entity's id rather than its name."""
    return _UUID.fullmatch(text) is not None


def split_fqn(fqn: str) -> list[str]:
    """
    Split a fully qualified name at its dots, taking quoted parts as one name.

    :param fqn: such as ``sample_kafka."inventory.v1"``.
    :raises Fault: an empty part, or a quote that is not closed or stands in the middle of a name.
    """
    parts: list[str] = []
    rest = fqn
    while True:
        if rest.startswith('"'):
            match = re.match(r'"((?:[^"]|"")*)"(?=\.|\Z)', rest)
            if match is None:
                raise _make_invalid_fqn_fault(fqn, "has a quote that is not closed before the next dot")
            name, rest = match[1].replace('""', '"'), rest[match.end() :]
        else:
            name, dot, after = rest.partition(".")
            if '"' in name:
                raise _make_invalid_fqn_fault(fqn, "has a quote in the middle of a name")
            rest = dot + after
        if not name:
            raise _make_invalid_fqn_fault(fqn, "has an empty part")
        parts.append(name)
        if not rest:
            return parts
        rest = rest[1:]


def join_fqn(*names: str) -> str:
    """Return the fully qualified name of nested names; those with a dot or a quote are put in quotes."""
    return ".".join(
        '"' + name.replace('"', '""') + '"' if re.search(r'[."]', name) else name for name in names
    )


def normalize_fqn(fqn: str) -> str:
    """Return an FQN with quotes only where they are needed; a malformed one as it is."""
    try:
        return join_fqn(*split_fqn(fqn))
    except Fault:
        return fqn


def parse_service_fqn(text: str) -> str:
    """
    Return the fully qualified name of a messaging service.

    A service stands at the top, so that its name is the whole of its FQN: ``edge.kafka`` can only mean the
    service of that name, which the server knows as ``"edge.kafka"``.

    :param text: the name, quoted or not.
    :raises Fault: an empty or malformed name, or the FQN of something below a service.
    """
    text = require_text("service", text)
    if '"' not in text:
        return join_fqn(text)
    service, *below = split_fqn(text)
    if below:
        raise _make_invalid_fqn_fault(
            text, f"names something below the service {to_printable(join_fqn(service))}, not a service"
        )
    if not service.strip():
        raise _make_invalid_fqn_fault(text, "has an empty part")
    return join_fqn(service)


def is_job_id(value: object) -> bool:
    """Return whether a value is the id of a job, fit for a URL."""
    text = str(value).strip() if is_identifier(value) else ""
    return _JOB_ID.fullmatch(text) is not None and text != "None"


def is_identifier(value: object) -> bool:
    """Return whether a value can be any id: a short text, or a whole number."""
    return isinstance(value, (str, int)) and not isinstance(value, bool) and 0 < len(str(value)) <= 200


def parse_job_id(text: object) -> str:
    """
    Return a job id that is fit for a URL: a decimal number on 2.0 servers, a UUID before.

    :raises Fault: an empty id, or one with other characters than letters, digits, ``-`` and ``_``.
    """
    if not is_job_id(text):
        raise Fault(
            Cause.INVALID_PARAMETER,
            f"job_id {str(text)[:80]!r} is not the id of a job: give the job_id that the export or import "
            "task returned (a number or a UUID). One that was done without a job returns None: then there is "
            "nothing to wait for.",
        )
    return str(text).strip()


def normalize_version(value: object, parameter: str = "version") -> str:
    """
    Return an entity version as the server writes it, such as ``0.2``.

    :param value: a number or its text.
    :param parameter: its name, for the error.
    :raises Fault: anything else.
    """
    text = str(value).strip()
    if isinstance(value, bool) or not _VERSION.fullmatch(text):
        raise Fault(
            Cause.INVALID_PARAMETER,
            f"{parameter} {text[:80]!r} is not a number such as 0.2, as the history shows it.",
        )
    number = Decimal(text).normalize()
    return f"{number:f}" if number != number.to_integral_value() else f"{number:.1f}"


def require_flag(parameter: str, value: object) -> bool:
    """
    Return a parameter that has to be True or False.

    :raises Fault: it is something else, which one might take for either.
    """
    if not isinstance(value, bool):
        raise Fault(
            Cause.INVALID_PARAMETER, f"{parameter} has to be True or False, not {value!r}. Nothing was sent."
        )
    return value


def is_whole_number(value: object, minimum: int, maximum: int | None = None) -> TypeGuard[int]:
    """Return whether a value is a whole number from a minimum on, maybe up to a maximum; no flag is one."""
    if isinstance(value, bool) or not isinstance(value, int):
        return False
    return minimum <= value and (maximum is None or value <= maximum)


def require_seconds(parameter: str, value: object, may_be_zero: bool = True) -> float:
    """
    Return a parameter that has to be a number of seconds from 0 on, or above it.

    :returns: the number, or :data:`LONGEST_TIME` for a longer time.
    :raises Fault: it is something else.
    """
    number = value if isinstance(value, (int, float)) and not isinstance(value, bool) else float("nan")
    if 0 < number < float("inf") or (number == 0 and may_be_zero):
        return float(min(number, LONGEST_TIME))
    limit = "from 0 on" if may_be_zero else "above 0"
    raise Fault(
        Cause.INVALID_PARAMETER,
        f"{parameter} has to be a number of seconds {limit}, not {value!r}. Nothing was sent.",
    )


def require_text(parameter: str, value: object) -> str:
    """
    Return a parameter that has to be a non-empty text, without surrounding blanks.

    A whole number stands for its digits: a template in native rendering makes one of a service called 2024.

    :raises Fault: naming the parameter, and the type of what is no text.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if value is not None and not isinstance(value, str):
        raise Fault(
            Cause.INVALID_PARAMETER,
            f"{parameter} is a {type(value).__name__}, and has to be a text. Nothing was sent.",
        )
    if value is None or not value.strip():
        raise Fault(
            Cause.INVALID_PARAMETER,
            f"{parameter} is empty: give it as a text (a template may have rendered to nothing).",
        )
    return value.strip()


def parse_rendered(text: str) -> Any:
    """Return the data that a text is: JSON, or what a template makes of data; any other text as it is."""
    for read in (json.loads, ast.literal_eval):
        with suppress(ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            return read(text)
    return text


def read_rendered(text: str) -> object:
    """
    Return the value that a template made a text of, where its type cannot be meant as a name.

    :param text: such as ``[]``, ``False`` or ``nan``; any other text, and a number, is returned as it is.
    """
    bare = text.strip()
    if bare in _RENDERED:
        return _RENDERED[bare]
    if bare.startswith(("[", "{", "(", "b'", 'b"')):
        value = parse_rendered(bare)
        return text if isinstance(value, (str, int, float, complex)) else value
    return text


def _make_invalid_fqn_fault(fqn: str, what: str) -> Fault:
    return Fault(
        Cause.INVALID_PARAMETER,
        f"The name {fqn[:200]!r} {what}: write a name with dots in double quotes, such as "
        '"edge.kafka", and a quote inside it twice.',
    )

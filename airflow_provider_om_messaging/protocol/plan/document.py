"""Reading a plan from a document that may be anything.

What a task handed on, or a file that it names, is shown to people only if it is a plan member by member:
nothing of any other content gets through.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from airflow_provider_om_messaging.protocol.csv.columns import COLUMNS, DEFAULT, SCHEMA_FIELDS
from airflow_provider_om_messaging.protocol.plan.diff import CHANGED, CREATED, Change, Plan
from airflow_provider_om_messaging.protocol.plan.notes import Note

_SHA256 = re.compile(r"[0-9a-f]{64}")
_WEB_ADDRESS = re.compile(r"https?://[^\s\"'<>]+")
_COUNTS = ("created", "changed", "unchanged", "absent")


class NoPlanError(ValueError):
    """A document is no plan. Nothing of it is in the message."""

    def __init__(self) -> None:
        super().__init__("This is no plan.")


@dataclass(frozen=True)
class PlanDocument:
    """
    A plan as it was written.

    :param service: the service that it is for.
    :param sha256: of the file that was compared.
    :param counts: how many rows are created, changed, unchanged and absent.
    :param changes: the rows that would be created or changed: all of them, or the first.
    :param absent: names of absent rows, as far as they are in the document.
    :param violations: what the plan does that it may not.
    :param notes: what a person should look at twice.
    :param path: where the whole plan was written; None in a file, or if there is none.
    :param passed: the policies that the plan keeps to.
    :param server: the address of the server that the service is on; None if it was not asked.
    :param against: the file that was compared with; None for the server.
    :param is_of_fields: whether its rows are about fields of schemas, and not about topics.
    """

    service: str
    sha256: str
    counts: dict[str, int]
    changes: tuple[Change, ...]
    absent: tuple[str, ...]
    violations: tuple[str, ...]
    notes: tuple[Note, ...]
    path: str | None
    passed: tuple[str, ...]
    server: str | None
    against: str | None
    is_of_fields: bool

    @property
    def is_drift(self) -> bool:
        """Whether two files were compared, so that the changes have happened already."""
        return self.against is not None

    @property
    def is_whole(self) -> bool:
        """Whether all changes are in it."""
        return len(self.changes) == self.counts["created"] + self.counts["changed"]

    @property
    def plan(self) -> Plan:
        """The plan for a page. Its counts are those of the rows that are in it."""
        return Plan(columns=(), changes=self.changes, unchanged=self.counts["unchanged"], absent=self.absent)

    def matches_result(self, result: PlanDocument) -> bool:
        """Return whether this is the whole of the plan that a task returned."""
        return self.is_whole and (self.service, self.sha256, self.counts) == (
            result.service,
            result.sha256,
            result.counts,
        )


def read_plan(document: Any) -> PlanDocument:
    """
    Return the plan that a document is.

    :param document: what a plan task returned, or the JSON that it wrote.
    :raises NoPlanError: it is none.
    """
    members = _parse_object(document)
    counts = {name: _parse_number(members.get(name)) for name in _COUNTS}
    changes = tuple(_parse_change(change) for change in _parse_list(members.get("changes")))
    if len(changes) > counts["created"] + counts["changed"]:
        raise NoPlanError
    sha256 = _parse_text(members.get("sha256"))
    if not _SHA256.fullmatch(sha256):
        raise NoPlanError
    return PlanDocument(
        service=_parse_text(members.get("service")),
        sha256=sha256,
        counts=counts,
        changes=changes,
        absent=tuple(_parse_text(name) for name in _parse_list(members.get("absent_rows", []))),
        violations=tuple(_parse_text(problem) for problem in _parse_list(members.get("violations"))),
        notes=tuple(_parse_note(note) for note in _parse_list(members.get("notes", []))),
        path=_parse_optional_text(members.get("plan_path")),
        passed=tuple(_parse_text(policy) for policy in _parse_list(members.get("passed", []))),
        server=_parse_web_address(members.get("server")),
        against=_parse_optional_text(members.get("against")),
        is_of_fields=COLUMNS.get(_parse_optional_text(members.get("columns")) or DEFAULT) == SCHEMA_FIELDS,
    )


def _parse_change(document: Any) -> Change:
    members = _parse_object(document)
    if members.get("change") not in (CREATED, CHANGED):
        raise NoPlanError
    fields = {
        _parse_text(name): (
            _parse_text(_parse_object(values).get("before")),
            _parse_text(_parse_object(values).get("after")),
        )
        for name, values in _parse_object(members.get("fields")).items()
    }
    return Change(
        row=_parse_text(members.get("row")),
        line=_parse_number(members.get("line")),
        kind=members["change"],
        fields=fields,
        before=_parse_text(members.get("before")),
    )


def _parse_note(document: Any) -> Note:
    members = _parse_object(document)
    row, column, text = (_parse_text(members.get(name)) for name in ("row", "column", "note"))
    return Note(row, _parse_number(members.get("line")), column, text)


def _parse_object(value: Any) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise NoPlanError
    return value


def _parse_list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise NoPlanError
    return value


def _parse_text(value: Any) -> str:
    if not isinstance(value, str):
        raise NoPlanError
    return value


def _parse_optional_text(value: Any) -> str | None:
    return None if value is None else _parse_text(value)


def _parse_web_address(value: Any) -> str | None:
    address = _parse_optional_text(value)
    if address is not None and not _WEB_ADDRESS.fullmatch(address):
        raise NoPlanError
    return address


def _parse_number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise NoPlanError
    return value

"""A plan as JSON: the whole of it, for programs and for the task that applies it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from airflow_provider_om_messaging.protocol.plan.diff import Plan
    from airflow_provider_om_messaging.protocol.plan.notes import Note


def format_plan_json(plan: Plan, heading: Mapping[str, Any], notes: Iterable[Note] = ()) -> Iterator[bytes]:
    """
    Yield a plan as the parts of a JSON document.

    :param plan: the plan.
    :param heading: members that come first, such as the service.
    :param notes: what a person should look at twice.
    """
    members = {**heading, **plan.counts, "absent_rows": plan.absent}
    members["notes"] = [note.to_dict() for note in notes]
    for name, value in members.items():
        start = "{" if name == next(iter(members)) else ","
        yield f"{start}\n{_render_json(name)}: {_render_json(value)}".encode()
    yield b',\n"changes": ['
    for number, change in enumerate(plan.changes):
        yield f"{',' if number else ''}\n{_render_json(change.to_dict())}".encode()
    yield b"\n]}\n"


def _render_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)

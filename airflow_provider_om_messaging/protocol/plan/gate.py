"""Holding an import to its plan: refusing rows that it does not name, or that somebody has changed since.

``operators/support/imports/import_outcome.py`` asks before an import is sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.model.names import parse_rendered
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

if TYPE_CHECKING:
    from airflow_provider_om_messaging.protocol.plan.diff import Plan

_NAMED = 20
"""Rows that an error names."""


def read_plan_result(given: Any) -> dict[str, Any]:
    """
    Return what a plan task returned.

    :param given: its result, or that as text: JSON, or what a template makes of it.
    :raises Fault: it is something else.
    """
    if isinstance(given, str):
        given = parse_rendered(given)
    required = ("service", "sha256", "created", "changed", "changes")
    if not isinstance(given, dict) or any(name not in given for name in required):
        raise _make_invalid_fault(
            "expected_plan has to be what PlanMessagingServiceImportOperator returned, such as plan.output."
        )
    return given


def find_planned_rows(result: dict[str, Any], document: Any) -> dict[str, str]:
    """
    Return the rows that a plan touches, with digests of how they were.

    :param result: what the plan task returned.
    :param document: the plan's JSON, if the task wrote one.
    :raises Fault: they do not belong together, or neither has all rows.
    """
    if document is None:
        document = result
    elif not isinstance(document, dict) or any(
        document.get(name) != result[name] for name in ("service", "sha256")
    ):
        raise _make_invalid_fault(
            f"expected_plan: {result.get('plan_path')} is not the plan that the task returned."
        )
    changes = document.get("changes")
    try:
        rows = {str(change["row"]): str(change["before"]) for change in changes}
    except (TypeError, KeyError):
        raise _make_invalid_fault("expected_plan has no list of changes.") from None
    if len(rows) != result["created"] + result["changed"]:
        raise _make_invalid_fault(
            f"expected_plan names {len(rows):,} of the {result['created'] + result['changed']:,} rows of the "
            "plan: give the plan task a plan_destination, where all of them fit."
        )
    return rows


def count_rows_before(result: dict[str, Any]) -> int:
    """Return how many rows there were when a plan was made, by what the plan task returned."""
    counts = (result.get(name) for name in ("changed", "unchanged", "absent"))
    return sum(count for count in counts if isinstance(count, int))


def check_still_valid(planned: dict[str, str], now: Plan) -> None:
    """
    Check that an import now would do nothing that was not planned. What is done already needs no more doing.

    :param planned: row → digest of how it was.
    :param now: what the import would change now.
    :raises Fault: naming the rows that somebody else has changed since.
    """
    others = [change.row for change in now.changes if planned.get(change.row) != change.before]
    if not others:
        return
    named = ", ".join(name[:100] for name in others[:_NAMED])
    more = f" and {len(others) - _NAMED:,} more" if len(others) > _NAMED else ""
    raise Fault(
        Cause.CONFLICT,
        f"The server has changed since the plan in {len(others):,} rows that the import would overwrite: "
        f"{named}{more}. Nothing was sent. Make a new plan.",
    )


def _make_invalid_fault(problem: str) -> Fault:
    return Fault(Cause.INVALID_PARAMETER, f"{problem} Nothing was sent.")

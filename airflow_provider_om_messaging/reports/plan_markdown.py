"""A plan as Markdown: what an approver reads before answering."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.plan.document import NoPlanError, read_plan

if TYPE_CHECKING:
    from airflow_provider_om_messaging.protocol.plan.diff import Change

LONGEST_TEXT = 10_000
"""Characters at most."""
_SHOWN_CHANGES = 10
_SHOWN_FIELDS = 8
_SHOWN_OWNERS = 10
_LONGEST_VALUE = 120
# Any of these may be escaped; among them are those that begin a link, an image, a tag or a mention.
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def plan_markdown(result: Any, link: str | None = None) -> str:
    """
    Return a plan for the body of Airflow's ``ApprovalOperator``: counts, first rows, owners, a link.

    :param result: what the plan task returned.
    :param link: where the whole plan is to be seen.
    """
    try:
        plan = read_plan(result)
    except NoPlanError:
        return "There is no plan: the task that was to make it returned none."
    counts = plan.counts
    parts = [
        f"**{counts['created']:,}** rows to create, **{counts['changed']:,}** to change, "
        f"{counts['unchanged']:,} unchanged, {counts['absent']:,} not in the file, in {_shown(plan.service)}."
    ]
    if plan.violations:
        parts.append("**Not allowed:**\n\n" + "\n".join(f"- {_shown(text)}" for text in plan.violations[:10]))
    if owners := _owners(plan.changes):
        parts.append(f"Owners who are affected: {owners}.")
    parts += [_lines(change) for change in plan.changes[:_SHOWN_CHANGES]]
    if (left := counts["created"] + counts["changed"] - len(plan.changes[:_SHOWN_CHANGES])) > 0:
        parts.append(f"… and {left:,} more rows.")
    end = f"[The whole plan]({_url(link)})" if link else ""
    text = ""
    for part in parts:
        if len(text) + len(part) + len(end) + 10 > LONGEST_TEXT:
            text += "…\n\n"
            break
        text += part + "\n\n"
    return (text + end).strip()


def _lines(change: Change) -> str:
    lines = [f"- **{_shown(change.row)}** ({change.kind})"]
    for name, (before, after) in list(change.fields.items())[:_SHOWN_FIELDS]:
        lines.append(f"    - {_shown(name)}: {_shown(before)} → {_shown(after)}")
    if (left := len(change.fields) - _SHOWN_FIELDS) > 0:
        lines.append(f"    - … and {left:,} more fields")
    return "\n".join(lines)


def _owners(changes: tuple[Change, ...]) -> str:
    """Return who loses or gets a row, as far as the plan names them."""
    named = {
        owner
        for change in changes
        for cell in change.fields.get("owner", ())
        for owner in cell.split(";")
        if owner
    }
    shown = ", ".join(_shown(owner) for owner in sorted(named)[:_SHOWN_OWNERS])
    return shown + (f" and {len(named) - _SHOWN_OWNERS:,} more" if len(named) > _SHOWN_OWNERS else "")


def _shown(text: str) -> str:
    """Return a text on one line in which nothing means anything to Markdown or HTML."""
    if not text:
        return "*empty*"
    text = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    if not text:
        return "*blank*"
    text = text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"
    return _PUNCTUATION.sub(r"\\\1", text)


def _url(link: str) -> str:
    return re.sub(r"[\s()<>\\]", lambda found: f"%{ord(found[0]):02X}", link)

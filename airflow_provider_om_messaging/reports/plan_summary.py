"""A plan in a few lines, in the markup of whoever shows them: counts, first rows, owners, a link."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.plan.document import NoPlanError, read_plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_om_messaging.protocol.plan.diff import Change
    from airflow_provider_om_messaging.protocol.plan.document import PlanDocument

_SHOWN_CHANGES = 10
_SHOWN_VIOLATIONS = 10
_SHOWN_FIELDS = 8
_SHOWN_OWNERS = 10
_LONGEST_VALUE = 120


@dataclass(frozen=True)
class Markup:
    """
    How a summary is written.

    :param escape: returns a text in which nothing means anything to the reader's program.
    :param strong: what stands around words that stand out.
    :param empty: what stands for an empty value.
    :param blank: what stands for a value of white space.
    :param gap: what stands between two parts.
    :param link: returns a link to the whole plan.
    """

    escape: Callable[[str], str]
    strong: str
    empty: str
    blank: str
    gap: str
    link: Callable[[str], str]

    def show(self, text: str) -> str:
        """Return a value on one line."""
        if not text:
            return self.empty
        text = " ".join("".join(char if char.isprintable() else " " for char in text).split())
        if not text:
            return self.blank
        return self.escape(text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…")

    def emphasize(self, text: str) -> str:
        """Return words that stand out."""
        return f"{self.strong}{text}{self.strong}"


def summarize_plan(result: Any, link: str | None, markup: Markup, longest: int) -> str:
    """
    Return a plan in a few lines.

    :param result: what the plan task returned.
    :param link: where the whole plan is to be seen.
    :param markup: how it is written.
    :param longest: characters at most; the link has its place first, and goes if there is none for it.
    """
    try:
        plan = read_plan(result)
    except NoPlanError:
        return "There is no plan: the task that was to make it returned none."
    parts = [_render_counts(plan, markup)]
    if plan.violations:
        lines = [f"- {markup.show(text)}" for text in plan.violations[:_SHOWN_VIOLATIONS]]
        parts.append("\n".join([f"{markup.emphasize('Not allowed:')}{markup.gap}{lines[0]}", *lines[1:]]))
    if owners := _list_owners(plan.changes, markup):
        parts.append(f"Owners who are affected: {owners}.")
    parts += [_summarize_lines(change, markup) for change in plan.changes[:_SHOWN_CHANGES]]
    if (left := plan.counts["created"] + plan.counts["changed"] - len(plan.changes[:_SHOWN_CHANGES])) > 0:
        parts.append(f"… and {left:,} more rows.")
    end = markup.link(link) if link else ""
    if len(end) + 10 > longest:
        end = ""
    text = ""
    for part in parts:
        if len(text) + len(part) + len(end) + 10 > longest:
            text += "…" + markup.gap
            break
        text += part + markup.gap
    return (text + end).strip()


def format_url(link: str) -> str:
    """Return a URL without what would end it in a text."""
    return re.sub(r"[\s()<>\\{}]", lambda found: f"%{ord(found[0]):02X}", link)


def _render_counts(plan: PlanDocument, markup: Markup) -> str:
    created, changed = (markup.emphasize(f"{plan.counts[name]:,}") for name in ("created", "changed"))
    unchanged, absent = (f"{plan.counts[name]:,}" for name in ("unchanged", "absent"))
    service = markup.show(plan.service)
    if plan.is_drift:
        return f"{created} rows new, {changed} changed, {unchanged} unchanged, {absent} gone, in {service}."
    return (
        f"{created} rows to create, {changed} to change, {unchanged} unchanged, {absent} not in the file, "
        f"in {service}."
    )


def _summarize_lines(change: Change, markup: Markup) -> str:
    lines = [f"- {markup.emphasize(markup.show(change.row))} ({change.kind})"]
    for name, (before, after) in list(change.fields.items())[:_SHOWN_FIELDS]:
        lines.append(f"    - {markup.show(name)}: {markup.show(before)} → {markup.show(after)}")
    if (left := len(change.fields) - _SHOWN_FIELDS) > 0:
        lines.append(f"    - … and {left:,} more fields")
    return "\n".join(lines)


def _list_owners(changes: tuple[Change, ...], markup: Markup) -> str:
    """Return who loses or gets a row, as far as the plan names them."""
    named = {
        owner
        for change in changes
        for cell in change.fields.get("owner", ())
        for owner in cell.split(";")
        if owner
    }
    first_names = ", ".join(markup.show(owner) for owner in sorted(named)[:_SHOWN_OWNERS])
    return first_names + (f" and {len(named) - _SHOWN_OWNERS:,} more" if len(named) > _SHOWN_OWNERS else "")

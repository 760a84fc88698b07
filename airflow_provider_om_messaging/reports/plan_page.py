"""A plan as one HTML page, which needs neither a network nor another file."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from airflow_provider_om_messaging.protocol.plan.diff import CREATED
from airflow_provider_om_messaging.reports.html_page import HtmlPage, read_asset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from airflow_provider_om_messaging.protocol.plan.diff import Change, Plan
    from airflow_provider_om_messaging.protocol.plan.notes import Note

LONGEST_PAGE = 5000
"""Rows that the page shows, and names of absent rows; the JSON beside it has all."""


@dataclass(frozen=True)
class _Labels:
    """What a page says of what it compares."""

    counts: Mapping[str, str]
    nothing: str
    absent: str
    about_absent: str


_PLAN = _Labels(
    {"created": "to create", "changed": "to change", "unchanged": "unchanged", "absent": "not in the file"},
    "Nothing would change: the server has every topic as it stands in the file.",
    "not in the file",
    "An import never deletes a topic: these stay as they are.",
)
_DRIFT = _Labels(
    {"created": "new", "changed": "changed", "unchanged": "unchanged", "absent": "gone"},
    "Nothing has changed: both files say the same of every topic.",
    "gone",
    "The earlier file has these, the later one lacks them.",
)


def render_plan_page(
    plan: Plan,
    title: str,
    facts: Mapping[str, str],
    violations: Iterable[str],
    notes: Sequence[Note] = (),
    *,
    passed: Iterable[str] = (),
    topic_url: Callable[[str], str] | None = None,
    is_drift: bool = False,
) -> Iterator[bytes]:
    """
    Yield a plan as the parts of a page.

    :param plan: the plan.
    :param title: what was compared with what.
    :param facts: name → value, to stand above the table.
    :param violations: what the plan does that it may not.
    :param notes: what a person should look at twice.
    :param passed: the policies that the plan keeps to.
    :param topic_url: returns the page of the topic of a row; None for no links.
    :param is_drift: whether two files were compared, so that the changes have happened already.
    """
    page = HtmlPage(title, read_plan_style(), read_plan_script())
    content = render_plan_content(
        plan,
        plan.counts,
        facts,
        violations,
        notes,
        passed=passed,
        topic_url=topic_url,
        is_drift=is_drift,
    )
    yield from page.render(content)


def render_plan_content(
    plan: Plan,
    counts: Mapping[str, int],
    facts: Mapping[str, str],
    violations: Iterable[str],
    notes: Sequence[Note],
    *,
    passed: Iterable[str] = (),
    topic_url: Callable[[str], str] | None = None,
    is_drift: bool = False,
) -> Iterator[bytes]:
    """
    Yield what a page shows of a plan.

    :param plan: the plan, or a part of it.
    :param counts: created, changed, unchanged and absent rows of the whole.
    :param facts: name → value, to stand above the table.
    :param violations: what the plan does that it may not.
    :param notes: what a person should look at twice.
    :param passed: the policies that the plan keeps to.
    :param topic_url: returns the page of the topic of a row; None for no links.
    :param is_drift: whether two files were compared, so that the changes have happened already.
    """
    words = _DRIFT if is_drift else _PLAN
    yield from _render_section("violations", "Not allowed", violations)
    more = len(notes) - LONGEST_PAGE
    texts = [note.text for note in notes[:LONGEST_PAGE]]
    yield from _render_section("notes", "Look twice", [*texts, f"… and {more:,} more"] if more > 0 else texts)
    numbers = "".join(
        f'<li class="{name}"><b>{counts[name]:,}</b> {label}</li>' for name, label in words.counts.items()
    )
    about = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts.items())
    yield f'<ul class="counts">{numbers}</ul>\n<dl>{about}</dl>\n'.encode("utf-8", "replace")
    yield from _list_passed_policies(passed)
    if plan.changes:
        yield from _render_table(plan.changes, topic_url)
    else:
        yield f"<p>{words.nothing}</p>\n".encode()
    yield from _render_absent(plan.absent, words)


def format_plan_title(service: str, *, is_drift: bool) -> str:
    """Return what stands above a plan."""
    return f"Drift of {service}" if is_drift else f"Plan for {service}"


def read_plan_style() -> str:
    """Return the style sheet of pages of plans."""
    return read_asset(__package__, "plan_page.css")


def read_plan_script() -> str:
    """Return the script that sorts and filters the rows of a plan."""
    return read_asset(__package__, "plan_page.js")


def _render_section(name: str, heading: str, texts: Iterable[str]) -> Iterator[bytes]:
    if items := "".join(f"<li>{escape(text)}</li>" for text in texts):
        section = f'<section class="{name}"><h2>{heading}</h2><ul>{items}</ul></section>\n'
        yield section.encode("utf-8", "replace")


def _list_passed_policies(policies: Iterable[str]) -> Iterator[bytes]:
    texts = [escape(policy) for policy in policies]
    if texts:
        heading = "1 policy passed" if len(texts) == 1 else f"{len(texts):,} policies passed"
        items = "".join(f"<li>{text}</li>" for text in texts)
        details = f'<details class="passed"><summary>{heading}</summary><ul>{items}</ul></details>\n'
        yield details.encode("utf-8", "replace")


def _render_table(changes: tuple[Change, ...], topic_url: Callable[[str], str] | None) -> Iterator[bytes]:
    yield (
        b'<form role="search"><input id="filter" type="search" placeholder="Filter topics"'
        b' data-rows="topics" aria-label="Filter topics" autocomplete="off">'
        b'<output id="shown"></output></form>\n'
        b"<table><thead><tr>"
        b'<th aria-sort="ascending"><button type="button">Line</button></th>'
        b'<th><button type="button">Topic</button></th><th><button type="button">Change</button></th>'
        b"<th>Fields</th></tr></thead>\n<tbody>\n"
    )
    for change in changes[:LONGEST_PAGE]:
        fields = "".join(
            _render_field(change.kind, name, before, after) for name, (before, after) in change.fields.items()
        )
        name = escape(change.row)
        if topic_url and change.kind != CREATED:
            name = f'<a href="{escape(topic_url(change.row))}" target="_blank" rel="noreferrer">{name}</a>'
        yield (
            f'<tr class="{change.kind}"><td>{change.line}</td><th scope="row">{name}</th>'
            f"<td><span>{change.kind}</span></td><td>{fields}</td></tr>\n"
        ).encode("utf-8", "replace")
    yield b"</tbody></table>\n"
    if len(changes) > LONGEST_PAGE:
        more = len(changes) - LONGEST_PAGE
        yield f"<p>… and {more:,} more rows, which the JSON beside this page has.</p>\n".encode()


def _render_field(kind: str, name: str, before: str, after: str) -> str:
    old = "" if kind == CREATED else f"<del>{escape(before)}</del>" if before else "<i>empty</i>"
    new = f"<ins>{escape(after)}</ins>" if after else "<i>empty</i>"
    arrow = " → " if old else ""
    return f'<div class="field"><b>{escape(name)}</b> <span>{old}{arrow}{new}</span></div>'


def _render_absent(names: tuple[str, ...], words: _Labels) -> Iterator[bytes]:
    if not names:
        return
    topics = "1 topic is" if len(names) == 1 else f"{len(names):,} topics are"
    yield (f"<details><summary>{topics} {words.absent}</summary><p>{words.about_absent}</p><ul>").encode()
    for name in names[:LONGEST_PAGE]:
        yield f"<li>{escape(name)}</li>\n".encode("utf-8", "replace")
    more = len(names) - LONGEST_PAGE
    yield (f"<li>… and {more:,} more</li>" if more > 0 else "").encode() + b"</ul></details>\n"

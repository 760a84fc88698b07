"""A plan as plain text: what a notifier (Slack, SMTP, Apprise, HTTP, …) takes as its message."""

from __future__ import annotations

import re
from typing import Any

from airflow_provider_om_messaging.reports.plan_summary import Markup, format_url, summarize_plan

LONGEST_TEXT = 2_000
"""Characters at most, by default: what the strictest of the common services take."""
# Tags of HTML mails, and what Slack and Discord take for a mention of everybody.
_LOOKALIKES = str.maketrans({"<": "‹", ">": "›"})
_MENTION = re.compile(r"@(?=everyone|here|channel)", re.IGNORECASE)
# Notifiers render their fields as templates of Jinja.
_TEMPLATE = re.compile(r"\{(?=[{%#])")
_PLAIN = Markup(
    escape=lambda text: _TEMPLATE.sub("{ ", _MENTION.sub("@ ", text.translate(_LOOKALIKES))),
    strong="",
    empty="(empty)",
    blank="(blank)",
    gap="\n",
    link=lambda link: f"The whole plan: {format_url(link)}",
)


def plan_text(result: Any, link: str | None = None, longest: int = LONGEST_TEXT) -> str:
    """
    Return a plan or drift in a few lines for a notifier: counts, first rows, owners, a link.

    Values in it mean nothing to HTML, Jinja or a chat: ``<`` and ``>`` become ``‹`` and ``›``, and a blank
    parts what would begin a template or a mention of everybody.

    :param result: what the plan task returned.
    :param link: where the whole plan is to be seen.
    :param longest: characters at most.
    """
    return summarize_plan(result, link, _PLAIN, longest)

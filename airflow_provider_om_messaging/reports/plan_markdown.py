"""A plan as Markdown: what an approver reads before answering."""

from __future__ import annotations

import re
from typing import Any

from airflow_provider_om_messaging.reports.plan_summary import Markup, format_url, summarize_plan

LONGEST_TEXT = 10_000
"""Characters at most."""
# Any of these may be escaped; among them are those that begin a link, an image, a tag or a mention.
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_MARKDOWN = Markup(
    escape=lambda text: _PUNCTUATION.sub(r"\\\1", text),
    strong="**",
    empty="*empty*",
    blank="*blank*",
    gap="\n\n",
    link=lambda link: f"[The whole plan]({format_url(link)})",
)


def plan_markdown(result: Any, link: str | None = None) -> str:
    """
    Return a plan for the body of Airflow's ``ApprovalOperator``: counts, first rows, owners, a link.

    :param result: what the plan task returned.
    :param link: where the whole plan is to be seen.
    """
    return summarize_plan(result, link, _MARKDOWN, LONGEST_TEXT)

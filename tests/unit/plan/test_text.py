"""The text that a notifier sends."""

from __future__ import annotations

import re

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.reports.plan_text import LONGEST_TEXT, plan_text
from tests.unit.plan.test_markdown import change, result

LINK = "s3://store@bucket/drift.html"
HOSTILE = st.text(alphabet="<>{%#}@!/&| \na\u202e\x1b\r\ud800", max_size=30)
MEMBERS = st.sampled_from(
    ["@everyone", "@Here", "<!channel>", "{{ conn.x }}", "{% if %}", "<b>", "{{{{", "a@b.org"]
)


def test_it_tells_counts_rows_owners_and_where_the_whole_is() -> None:
    rows = [change(f"topic{number}", owner=("team:old", "user:ann")) for number in range(12)]
    text = plan_text(result(*rows, changed=70, violations=["Too many rows."]), LINK)
    assert text.split("\n")[:6] == [
        "0 rows to create, 70 to change, 4 unchanged, 1 not in the file, in kafka.",
        "Not allowed:",
        "- Too many rows.",
        "Owners who are affected: team:old, user:ann.",
        "- topic0 (changed)",
        "    - owner: team:old → user:ann",
    ]
    assert text.endswith(f"… and 60 more rows.\nThe whole plan: {LINK}")


def test_drift_is_told_as_what_has_happened() -> None:
    text = plan_text(result(change("a", description=("", " \n ")), against="last_night.csv"))
    assert text.split("\n")[0] == "0 rows new, 1 changed, 4 unchanged, 1 gone, in kafka."
    assert "description: (empty) → (blank)" in text


def test_a_missing_plan_is_told_as_that() -> None:
    assert plan_text(None) == "There is no plan: the task that was to make it returned none."


@given(st.lists(HOSTILE | MEMBERS, max_size=4).map("".join), HOSTILE | MEMBERS)
def test_no_value_means_anything_to_html_jinja_or_a_chat(row: str, value: str) -> None:
    text = plan_text(
        result(change(row, description=(value, row)), violations=[value]), "https://a/{{ b }}<i>"
    )
    assert not re.search(r"[<>]|@(everyone|here|channel)", text, re.IGNORECASE)
    assert jinja2.Template(text).render() == text
    assert all(char.isprintable() for line in text.split("\n") for char in line)


@pytest.mark.parametrize("longest", [1, 20, 60, 400, LONGEST_TEXT])
def test_it_is_never_longer_than_a_service_takes(longest: int) -> None:
    many = {f"field{number}": ("<{{" * 200, "@here" * 100) for number in range(8)}
    text = plan_text(result(*[change("{{" * 500, **many) for _ in range(50)]), LINK, longest)
    assert len(text) <= longest
    assert text.endswith(LINK) == (longest > 20)

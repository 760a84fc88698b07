"""The text that an approver reads."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.reports.plan_markdown import LONGEST_TEXT, plan_markdown

LINK = "https://airflow.example.org/dags/a/runs/b/tasks/plan/plugin/om-messaging-plan"


def result(*changes: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {
        "service": "kafka",
        "sha256": "0" * 64,
        "created": 0,
        "changed": len(changes),
        "unchanged": 4,
        "absent": 1,
        "changes": list(changes),
        "violations": [],
        **members,
    }


def change(row: str, **fields: tuple[str, str]) -> dict[str, Any]:
    answer = {name: {"before": before, "after": after} for name, (before, after) in fields.items()}
    return {"row": row, "line": 2, "change": "changed", "fields": answer, "before": ""}


def test_it_tells_counts_rows_owners_and_where_the_whole_is() -> None:
    rows = [change(f"topic{number}", owner=("team:old", "team:new;user:ann")) for number in range(12)]
    text = plan_markdown(result(*rows, changed=70, violations=["Too many rows."]), LINK)
    assert text.startswith(
        "**0** rows to create, **70** to change, 4 unchanged, 1 not in the file, in kafka."
    )
    assert "- Too many rows\\." in text
    assert r"Owners who are affected: team\:new, team\:old, user\:ann." in text
    assert "- **topic9** (changed)\n    - owner: team\\:old → team\\:new\\;user\\:ann" in text
    assert "topic10" not in text
    assert "… and 60 more rows." in text
    assert text.endswith(f"[The whole plan]({LINK})")


@pytest.mark.parametrize("given_result", [None, "text", {}, {"changes": []}])
def test_a_missing_plan_is_told_as_that(given_result: Any) -> None:
    assert plan_markdown(given_result) == "There is no plan: the task that was to make it returned none."


def test_what_is_empty_can_be_seen() -> None:
    text = plan_markdown(result(change("a", description=("", " \n "))))
    assert "description: *empty* → *blank*" in text


HOSTILE = st.text(alphabet="<>[]()!*_`#|\\&:/.@~-+= \nab\u202e\x1b\r", max_size=40)


@given(HOSTILE, HOSTILE, HOSTILE)
def test_no_value_means_anything_to_markdown(row: str, before: str, after: str) -> None:
    text = plan_markdown(result(change(row, description=(before, after)), violations=[after]))
    lines = text.split("\n")
    # Values make no lines of their own, so that none begins a block.
    assert len(lines) == 8
    shown = [lines[4], lines[6], lines[7]]
    for line in shown:
        line = re.sub(r"\*(empty|blank)\*", "", line)
        bare = re.sub(r"\\[!-/:-@\[-`{-~]", "", line.removeprefix("- ").removeprefix("    - description: "))
        assert not re.search(r"[!-,./:-@\[-`{-~]", bare.replace("**", "").replace("(changed)", ""))
        assert all(char.isprintable() for char in line)


def test_it_is_never_longer_than_a_reader_takes() -> None:
    many = {f"field{number}": ("*" * 500, "_" * 500) for number in range(8)}
    text = plan_markdown(result(*[change("#" * 500, **many) for _ in range(50)]), LINK)
    assert len(text) <= LONGEST_TEXT
    assert text.endswith(f"…\n\n[The whole plan]({LINK})")


def test_a_link_stays_one_link() -> None:
    assert plan_markdown(result(), "https://a/b) [x](https://evil/").endswith(
        "[The whole plan](https://a/b%29%20[x]%28https://evil/)"
    )

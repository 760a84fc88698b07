"""Only what is a plan is read as one, and nothing of anything else is shown."""

from __future__ import annotations

import copy
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.protocol.plan.diff import compare
from airflow_provider_om_messaging.protocol.plan.document import NoPlanError, read_plan
from airflow_provider_om_messaging.protocol.plan.notes import collect_notes
from airflow_provider_om_messaging.reports.plan_json import format_plan_json

FILE = [
    (1, ("name", "description")),
    (2, ("a", "#REF!")),
    (3, ("b", "same")),
    (4, ("d", "")),
    (5, ("e", "")),
    (6, ("f", "")),
]
SERVER = [(1, ("name", "description")), (2, ("a", "old")), (3, ("b", "same")), (4, ("c", "gone"))]
PLAN = compare(lambda: FILE, lambda: SERVER, "file", "server")
HEADING = {
    "service": "kafka",
    "sha256": "0" * 64,
    "server": "https://acme.getcollate.io",
    "against": None,
    "violations": ["one"],
    "passed": ["two"],
}
# Results of earlier versions lack these.
MAY_LACK = {"absent_rows", "notes", "server", "against", "passed"}


def document() -> dict[str, Any]:
    return dict(json.loads(b"".join(format_plan_json(PLAN, HEADING, collect_notes(PLAN)))))


def test_what_is_written_is_read_back() -> None:
    found = read_plan(document())
    assert (found.service, found.counts, found.violations) == ("kafka", PLAN.counts, ("one",))
    assert found.changes == PLAN.changes
    assert found.absent == PLAN.absent
    assert (found.passed, found.server, found.is_drift) == (("two",), "https://acme.getcollate.io", False)
    assert found.is_whole
    assert found.matches_result(found)
    assert found.notes == tuple(collect_notes(PLAN))
    assert (len(found.notes), found.sha256, found.path, found.is_of_fields) == (1, "0" * 64, None, False)
    page = found.plan
    assert (page.changes, page.counts, page.absent) == (PLAN.changes, PLAN.counts, PLAN.absent)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [("schema_fields", True), ("documented", False), ("extended", False), ("", False), (None, False)],
)
def test_a_plan_of_fields_is_known_by_its_columns(columns: str | None, expected: bool) -> None:
    assert read_plan({**document(), "columns": columns}).is_of_fields is expected


def test_what_a_task_returns_says_where_the_whole_plan_is() -> None:
    assert read_plan({**document(), "plan_path": "s3://plans/kafka.json"}).path == "s3://plans/kafka.json"
    assert read_plan({**document(), "unchanged": 0}).counts["unchanged"] == 0


MEMBERS = [
    (("service",), 1),
    (("sha256",), "x" * 64),
    (("sha256",), "0" * 63),
    (("created",), -1),
    (("created",), True),
    (("created",), 0),
    (("unchanged",), "3"),
    (("unchanged",), -1),
    (("violations",), "one"),
    (("absent_rows",), [1]),
    (("changes",), {}),
    (("changes", 0), "a"),
    (("changes", 0, "row"), None),
    (("changes", 0, "line"), "2"),
    (("changes", 0, "change"), "deleted"),
    (("changes", 0, "change"), []),
    (("changes", 0, "fields"), []),
    (("changes", 0, "fields", "description"), "new"),
    (("changes", 0, "fields", "description", "after"), 1),
    (("changes", 0, "before"), None),
    (("notes",), [{"row": "a"}]),
    (("notes", 0, "row"), 1),
    (("notes", 0, "line"), "2"),
    (("notes", 0, "column"), None),
    (("notes", 0, "note"), 7),
    (("columns",), 1),
    (("plan_path",), ["x"]),
    (("passed",), "one"),
    (("passed",), [1]),
    (("against",), 1),
    (("server",), 1),
    # It becomes the beginning of links, on a page of Airflow's own origin.
    (("server",), "javascript:alert(1)//"),
    (("server",), " https://acme.getcollate.io"),
    (("server",), "//acme.getcollate.io"),
    (("server",), ""),
]


@pytest.mark.parametrize(("place", "value"), MEMBERS)
def test_one_wrong_member_makes_it_no_plan(place: tuple[Any, ...], value: Any) -> None:
    changed = copy.deepcopy(document())
    at: Any = changed
    for name in place[:-1]:
        at = at[name]
    at[place[-1]] = value
    with pytest.raises(NoPlanError) as caught:
        read_plan(changed)
    assert str(caught.value) == "This is no plan."


@pytest.mark.parametrize("name", sorted({*document()} - MAY_LACK))
def test_a_missing_member_makes_it_no_plan(name: str) -> None:
    changed = document()
    del changed[name]
    with pytest.raises(NoPlanError):
        read_plan(changed)


def test_a_plan_of_an_earlier_version_is_read() -> None:
    found = read_plan({name: value for name, value in document().items() if name not in MAY_LACK})
    assert (found.passed, found.server, found.is_drift) == ((), None, False)
    assert read_plan({**document(), "against": "before.csv"}).is_drift


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, st.sampled_from(sorted(document())), JSON)
def test_anything_else_is_refused_in_one_way(value: Any, name: str, member: Any) -> None:
    for given_value in (value, {**document(), name: member}):
        with suppress(NoPlanError):
            read_plan(given_value)  # nothing else is raised


def test_a_part_is_not_the_whole_of_another() -> None:
    part = read_plan({**document(), "changes": document()["changes"][:1]})
    assert not part.is_whole
    assert not part.matches_result(part)
    whole = read_plan(document())
    assert whole.matches_result(part)
    assert not whole.matches_result(read_plan({**document(), "service": "other"}))
    assert not whole.matches_result(read_plan({**document(), "sha256": "1" * 64}))
    assert not whole.matches_result(read_plan({**document(), "unchanged": 7}))

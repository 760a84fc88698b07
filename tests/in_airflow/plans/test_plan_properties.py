"""Plan and apply, over and over with awkward text: what was planned comes true, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.operators.import_csv import ImportMessagingServiceOperator
from airflow_provider_om_messaging.operators.plan import PlanMessagingServiceImportOperator
from airflow_provider_om_messaging.sandbox import Sandbox
from tests.in_airflow.running import run
from tests.in_airflow.topics import Topic, export_rows, format_csv
from tests.unit.tables import cells

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

SERVICE = "orders_redpanda"
CELLS = {
    "owner": ["", "team:payments", "user:alice;user:bob", "user:bob;user:alice"],
    "tags": ["", "Tier.Tier1", "PII.None;Tier.Tier2", '"Compliance.HIPAA, US";Compliance.GDPR'],
    "domain": ["", "Finance", "Finance.Payments"],
}
# One server for many examples: each begins with what the one before has left.
examples = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    with Sandbox(job_start_delay=0, job_seconds=0) as running:
        yield running


@pytest.fixture(autouse=True)
def connection(server: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", server.airflow_connection())


@st.composite
def topics(draw: st.DrawFn) -> list[Topic]:
    names = draw(
        st.lists(
            st.one_of(
                st.sampled_from(["orders.placed", "orders,cancelled", "a b", "Bestellung.é", "事件"]),
                st.from_regex(r"[\w .,;'-]{1,12}", fullmatch=True),
            ),
            min_size=1,
            max_size=7,
            # A file with two new names that look alike is refused, which other tests show.
            unique_by=lambda name: name.strip().casefold(),
        )
    )
    text = cells.filter(lambda cell: "\0" not in cell)
    return [
        {
            "name": name,
            "displayName": draw(text),
            "description": draw(text),
            **{column: draw(st.sampled_from(values)) for column, values in CELLS.items()},
        }
        for name in names
    ]


def plan(text: str, **kwargs: Any) -> Any:
    return run(PlanMessagingServiceImportOperator(task_id="plan", service=SERVICE, csv=text, **kwargs))


def import_(text: str, **kwargs: Any) -> Any:
    return run(ImportMessagingServiceOperator(task_id="t", service=SERVICE, csv=text, **kwargs))


@examples
@given(rows=topics(), batch_rows=st.sampled_from([None, 1, 2, 3, 100]))
def test_what_was_planned_comes_true_and_a_second_plan_is_empty(
    rows: list[Topic], batch_rows: int | None
) -> None:
    before = {row["name"]: row for row in export_rows(SERVICE)}
    planned = plan(format_csv(rows))
    result = import_(
        format_csv(rows), dry_run=False, expected_plan=planned, verify=True, batch_rows=batch_rows
    )
    after = {row["name"]: row for row in export_rows(SERVICE)}
    assert (result["rows_processed"], result["rows_passed"]) == (len(rows), len(rows))
    touched = {change["row"]: change["fields"] for change in planned["changes"]}
    for name in before.keys() | after.keys():
        wanted = before.get(name, {})
        for column, value in touched.get(name, {}).items():
            assert _is_same(after[name][column], value["after"], column)
        assert all(
            _is_same(after[name][column], wanted.get(column, ""), column)
            for column in after[name]
            if column != "name" and column not in touched.get(name, {})
        )
    assert after.keys() - before.keys() == {name for name in touched if name not in before}
    again = plan(format_csv(rows))
    assert (again["created"], again["changed"], again["unchanged"]) == (0, 0, len(rows))


def _is_same(one: str, other: str, column: str) -> bool:
    if column in CELLS:
        return set(one.split(";")) == set(other.split(";"))
    return one.replace("\r\n", "\n").replace("\r", "\n") == other.replace("\r\n", "\n").replace("\r", "\n")


@examples
@given(rows=topics())
def test_an_export_imported_again_changes_nothing(rows: list[Topic]) -> None:
    import_(format_csv(rows), dry_run=False)
    text = OpenMetadataMessagingHook().export_csv(SERVICE)
    planned = plan(text)
    assert (planned["created"], planned["changed"], planned["absent"]) == (0, 0, 0)
    assert import_(text)["status"] == "success"
    assert OpenMetadataMessagingHook().export_csv(SERVICE) == text

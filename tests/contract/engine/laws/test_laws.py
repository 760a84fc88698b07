"""The laws of files and topics, on every generation and edition, for all that a sandbox can hold.

``LAW_EXAMPLES=200`` tries more of it.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.protocol.csv.columns import DOCUMENTED, EXTENDED
from airflow_provider_om_messaging.sandbox import Sandbox
from airflow_provider_om_messaging.sandbox.generations import GENERATIONS
from tests.contract.engine.laws.trial import Trial
from tests.contract.sandbox_http import read
from tests.contract.topic_states import LAWS, SERVICE, Service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contract.topic_states import State

Rows = dict[str, dict[str, str]]
LOST = ("", "owner", "tag", "domain", "steward")


class Tried(Trial):
    """One running sandbox, its service and a hook for it."""

    def __init__(self, sandbox: Sandbox, columns: tuple[str, ...]) -> None:
        self.sandbox = sandbox
        self.service = Service(sandbox)
        self.columns = columns
        hook = OpenMetadataMessagingHook()
        hook.get_conn()
        kind = "extended" if columns == EXTENDED else "documented"
        super().__init__(hook, SERVICE, hook.engine(columns=kind, create_missing=True))

    def covers(self, lost: str) -> bool:
        """Return whether files have a column for what a topic has lost."""
        return lost != "steward" or self.columns == EXTENDED

    def write_rows(self, rows: Rows) -> str:
        out = io.StringIO(newline="")
        writer = csv.writer(out)
        writer.writerow(self.columns)
        for name, cells in rows.items():
            writer.writerow([cells.get(column, name) for column in self.columns])
        return out.getvalue()


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((name, edition, columns), id=f"{name}-{edition}")
        for name in GENERATIONS
        for edition, columns in (("documented", DOCUMENTED), ("open-source", EXTENDED))
    ],
)
def tried(request: pytest.FixtureRequest) -> Iterator[Tried]:
    generation, edition, columns = request.param
    with Sandbox(generation=generation, edition=edition) as sandbox, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", sandbox.airflow_connection(sandbox.admin_token))
        yield Tried(sandbox, columns)


def test_what_was_exported_changes_nothing(tried: Tried) -> None:
    @LAWS
    @given(tried.service.states(), st.sampled_from(["", "owner", "tag"]), st.booleans())
    def law(state: State, lost: str, for_good: bool) -> None:
        tried.service.apply_state(state)
        if lost:
            tried.service.lose(next(iter(state)), lost, for_good=for_good)
        text, before = tried.export(), tried.service.read_states(tuple(state))
        assert tried.plan(text).changes == ()
        tried.sandbox.clear_journal()
        for dry_run in (True, False):
            verdicts = tried.load(text, dry_run)
            refused = {name for name, (status, _) in verdicts.items() if status != "success"}
            # The server's own import may know its export's owners and tags not any more.
            assert refused <= (set() if tried.engine.name == "client" else tried.service.of_deleted)
        if tried.engine.name == "client":
            assert {entry["method"] for entry in tried.sandbox.journal} == {"GET"}
        assert tried.export() == text
        assert tried.service.read_states(tuple(state)) == before

    law()


def test_what_the_dry_run_says_is_what_becomes_of_it(tried: Tried) -> None:
    @LAWS
    @given(tried.service.rows())
    def law(rows: Rows) -> None:
        text = tried.write_rows(rows)
        dry = tried.load(text, dry_run=True)
        real = tried.load(text, dry_run=False)
        assert real == dry
        # Afterwards all that passed is there: nothing is left to plan, and verification finds no fault.
        refused = {name for name, (status, _) in real.items() if status != "success"}
        assert {change.row for change in tried.plan(text).changes} <= refused

    law()


def test_an_export_brings_a_state_back(tried: Tried) -> None:
    @LAWS
    @given(tried.service.states(), tried.service.states(), st.sampled_from(LOST), st.booleans())
    def law(first: State, second: State, lost: str, for_good: bool) -> None:
        tried.service.apply_state(first)
        lender = next(iter(first))
        lent = tried.service.lend(lender, lost) if lost else ""
        text, before = tried.export(), tried.service.read_states()
        if lost:
            tried.service.delete(lent, for_good=for_good)
        tried.service.apply_state(second)
        dry = tried.load(text, dry_run=True)
        assert tried.load(text, dry_run=False) == dry
        after = tried.service.read_states()
        for name, (status, _) in dry.items():
            if status == "success" and name in before:
                assert select_covered(after[name], tried.columns) == select_covered(
                    before[name], tried.columns
                )
        assert {row[0] for row in read(text)[1:]} == dry.keys()
        if lost and tried.covers(lost) and lender in second:
            # What is gone cannot be there again.
            status, details = dry[lender]
            assert (status, "gone" in details) == ("failure", True)

    law()


def select_covered(shown: dict[str, object], columns: tuple[str, ...]) -> dict[str, object]:
    """Return what the columns of a file cover; terms have a column of their own in extended ones only."""
    found = {name: value for name, value in shown.items() if name in columns}
    labels = shown["tags"]
    assert isinstance(labels, list)
    found["tags"] = [label for label in labels if columns == EXTENDED or label[0] == "Classification"]
    return found

"""What a later read says of a change: it is there, others wrote as well, or it is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.client.editing.edits import EditPlan
from airflow_provider_om_messaging.client.editing.readback import OverwrittenError, check_readback
from airflow_provider_om_messaging.client.editing.refusals import explain_refusal
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.protocol.model.schema_fields import SchemaChanges
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_om_messaging.client.editing.target import Target

A, B, C = ({"tagFQN": f"PII.{name}", "source": "Classification"} for name in "ABC")
BEFORE: dict[str, Any] = {
    "id": "00000000-0000-4000-8000-000000000000",
    "version": 0.3,
    "updatedAt": 1_760_000_000_000,
    "updatedBy": "ada",
    "description": "was",
    "tags": [A],
    "connection": {"config": {"a": 1, "b": 1}},
    "messageSchema": {"schemaFields": [{"name": "id", "description": "was", "tags": [A]}, {"name": "at"}]},
}
OURS = {"version": 0.4, "updatedAt": 1_760_000_001_000, "updatedBy": "us"}
THEIRS = {"version": 0.5, "updatedAt": 1_760_000_002_000, "updatedBy": "bob"}


def build_schema(**members: Any) -> dict[str, Any]:
    return {"schemaFields": [{"name": "id", "tags": [A], **members}, {"name": "at", "description": "new"}]}


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    with Sandbox() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", server.airflow_connection())
        yield OpenMetadataMessagingHook()._resolve_target(BEFORE["id"], "service")


def check(target: Target, desired: Any, stored: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return what is said of a change; what neither of the states has is as it was before."""
    return check_readback(
        target, EditPlan([], desired), BEFORE, {**BEFORE, **OURS, **stored}, {**BEFORE, **OURS, **after}
    )


def test_what_is_there_needs_no_words_and_what_others_wrote_some(target: Target) -> None:
    ours = {"description": "is", "tags": [A, B]}
    assert check(target, ours, ours, ours) == check(target, None, {}, {}) == []
    on_top = [
        "Another write lies on top: version 0.5 by bob of 2025-10-09T08:53:22.000Z. "
        "What was changed here is still there."
    ]
    # Others may add to a list and take from it, as long as they leave what was done here.
    for tags in ([A, B], [A, B, C], [B]):
        assert check(target, ours, ours, {**THEIRS, "description": "is", "tags": tags}) == on_top
    assert check(target, {"tags": [B]}, {"tags": [B]}, {**THEIRS, "tags": [B, C]}) == on_top
    ada, bob, mei = ({"id": name, "type": "user"} for name in ("ada", "bob", "mei"))
    followers = {"followers": [ada, bob]}
    assert check(target, followers, followers, {**THEIRS, "followers": [mei, bob, ada]}) == on_top
    assert check(target, None, {}, THEIRS) == on_top


def test_what_a_server_stored_otherwise_is_said(target: Target) -> None:
    wanted = {"description": "is", "tags": [B]}
    stored = {"description": "is ", "tags": [A, B]}
    (note,) = check(target, wanted, stored, stored)
    assert note == "The server stored something else than was sent in: description, tags."
    assert len(check(target, wanted, stored, {**THEIRS, **stored, "displayName": "theirs"})) == 2


@pytest.mark.parametrize(
    ("desired", "stored", "after", "is_reverted"),
    [
        ({"description": "is"}, {"description": "is"}, {}, True),
        ({"description": "is"}, {"description": "is"}, {"description": "theirs"}, False),
        ({"tags": [A, B]}, {"tags": [A, B]}, {"tags": [A]}, True),
        ({"tags": [A, B]}, {"tags": [A, B]}, {"tags": [A, C]}, False),
        ({"tags": None}, {"tags": []}, {"tags": [A, C]}, False),
        (
            {"connection": {"config": {"a": 2}}},
            {"connection": {"config": {"a": 2, "b": 1}}},
            {"connection": {"config": {"a": 1, "b": 9}}},
            True,
        ),
        (
            {"connection": {"config": {"a": 2}}},
            {"connection": {"config": {"a": 2, "b": 1}}},
            {"connection": {"config": {"a": 3, "b": 1}}},
            False,
        ),
        (
            {"messageSchema": SchemaChanges({("id",): {"description": "is"}})},
            {"messageSchema": build_schema(description="is")},
            {"messageSchema": build_schema(description="was")},
            True,
        ),
        (
            {"messageSchema": SchemaChanges({("id",): {"tags": [A, B]}})},
            {"messageSchema": build_schema(tags=[A, B])},
            {"messageSchema": build_schema(tags=[A])},
            True,
        ),
        (
            {"messageSchema": SchemaChanges({("id",): {"description": "is"}})},
            {"messageSchema": build_schema(description="is")},
            {"messageSchema": {"schemaFields": []}},
            False,
        ),
        (
            {"description": "is", "displayName": "K"},
            {"description": "is", "displayName": "K"},
            {"displayName": "theirs"},
            False,
        ),
    ],
)
def test_what_others_wrote_over_is_lost(
    target: Target, desired: Any, stored: dict[str, Any], after: dict[str, Any], is_reverted: bool
) -> None:
    with pytest.raises(OverwrittenError) as caught:
        check(target, desired, stored, {**THEIRS, **after})
    assert caught.value.reverted is is_reverted
    assert caught.value.cause is Cause.CONFLICT
    assert caught.value.message == (
        "The server accepted the patch, but a later read shows other values in "
        f"{', '.join(desired)}: version 0.5 by bob of 2025-10-09T08:53:22.000Z lies on top. "
        "No version holds them: they are lost."
    )


def test_what_a_reply_does_not_show_is_lost_only_under_a_write_of_others(target: Target) -> None:
    stored = {**OURS, "id": BEFORE["id"]}
    after = {**BEFORE, **OURS}
    plan = EditPlan([], {"description": "is"})
    (note,) = check_readback(target, plan, BEFORE, stored, after)
    assert "stored something else" in note
    with pytest.raises(OverwrittenError):
        check_readback(target, plan, BEFORE, stored, {**after, **THEIRS})


def test_what_a_refusal_took_away_is_told(target: Target) -> None:
    now = {**BEFORE, "description": "", "tags": [B], "displayName": "came"}
    fault = explain_refusal(target, {**BEFORE, "tags": [A, B]}, now, Fault(Cause.BAD_REQUEST, "No."))
    assert fault.message == (
        "No. Though it refused the patch, the server took away, in the same version, description: was; "
        "tags: PII.A."
    )
    assert explain_refusal(target, BEFORE, BEFORE, Fault(Cause.BAD_REQUEST, "No.")).message == "No."

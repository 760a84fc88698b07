"""How often a patch is worked out anew when somebody else keeps writing, and when it is left to Airflow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.client.editing import patching
from airflow_provider_om_messaging.exceptions import ConflictError, OpenMetadataError, ServerUnavailableError
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from tests.contract.answers_in_between import Between, between, format_http
from tests.contract.sandbox_http import SERVICES, Api

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_provider_om_messaging.sandbox import Sandbox

KAFKA = "sample_kafka"
CONFLICT = format_http(412, b'{"code": 412, "message": "The resource has been modified"}')


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Take the pauses between tries instead of waiting for them."""
    taken: list[float] = []
    monkeypatch.setattr(patching.time, "sleep", taken.append)
    return taken


@pytest.fixture
def server(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Between]:
    with between(sandbox.url) as one:
        connection = sandbox.airflow_connection().replace(sandbox.url, one.url)
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", connection)
        yield one


def patches(sandbox: Sandbox) -> list[dict[str, Any]]:
    return [entry for entry in sandbox.journal if entry["method"] == "PATCH"]


def describe(text: str = "ours", **how: Any) -> dict[str, Any]:
    return OpenMetadataMessagingHook().patch_service(KAFKA, changes={"description": text}, **how)


def test_nine_writes_of_others_in_between_do_not_stop_a_patch(
    sandbox: Sandbox, server: Between, pauses: list[float]
) -> None:
    server.answer(r"messagingServices/[0-9a-f-]{36}$", *[CONFLICT] * 9)
    assert describe()["changed"]
    assert server.answered == 9
    assert Api(sandbox).service(KAFKA)["description"] == "ours"
    # They grow, so that many tasks come apart, but no task waits for long.
    assert len(pauses) == 9
    assert all(0 <= pause <= min(3, 0.1 * 2**tried) for tried, pause in enumerate(pauses, 1))
    assert max(pauses) > 0.2


def test_a_patch_is_sent_ten_times_at_most(server: Between, sandbox: Sandbox) -> None:
    server.answer(r"messagingServices/[0-9a-f-]{36}$", *[CONFLICT] * 99)
    with pytest.raises(ConflictError):
        describe()
    assert server.answered == 10
    assert patches(sandbox) == []


def test_what_was_meant_for_one_version_is_sent_once(server: Between) -> None:
    version = OpenMetadataMessagingHook().get_service(KAFKA)["version"]
    server.answer(r"messagingServices/[0-9a-f-]{36}$", *[CONFLICT] * 99)
    with pytest.raises(ConflictError):
        describe(expected_version=version)
    assert server.answered == 1
    with pytest.raises(ConflictError):
        OpenMetadataMessagingHook().patch_service(
            KAFKA, operations=[{"op": "add", "path": "/description", "value": "ours"}]
        )
    assert server.answered == 2


@pytest.mark.parametrize(("asked", "sent"), [(30, 3), (31, 1)])
def test_a_server_that_asks_for_a_long_pause_is_left_to_airflow(
    sandbox: Sandbox, pauses: list[float], asked: int, sent: int
) -> None:
    sandbox.fault("503", times=2, method="PATCH", retry_after=asked)
    if sent == 1:
        with pytest.raises(ServerUnavailableError) as caught:
            describe()
        assert caught.value.retry_after == asked
        assert pauses == []
    else:
        assert describe()["changed"]
        assert pauses == [asked, asked]
    assert len(patches(sandbox)) == sent


def test_a_server_that_stays_away_gets_a_patch_ten_times(sandbox: Sandbox) -> None:
    sandbox.fault("503", times=99, method="PATCH", retry_after=0)
    with pytest.raises(ServerUnavailableError):
        describe()
    assert len(patches(sandbox)) == 10


@pytest.mark.parametrize("fault", ["403", "500"])
def test_what_sending_again_does_not_help_is_sent_once(sandbox: Sandbox, fault: str) -> None:
    sandbox.fault(fault, times=99, method="PATCH")
    with pytest.raises(OpenMetadataError):
        describe()
    assert len(patches(sandbox)) == 1


@pytest.mark.parametrize(
    ("if_match", "recheck_after", "reads", "waits"),
    [(True, None, 2, []), (False, None, 3, [0.5]), (False, 0, 2, []), (True, 7, 3, [7])],
)
def test_a_second_look_is_taken_where_the_server_detects_no_conflicts(
    sandbox: Sandbox,
    pauses: list[float],
    if_match: bool,
    recheck_after: float | None,
    reads: int,
    waits: list[float],
) -> None:
    sandbox.configure(if_match=if_match)
    describe(recheck_after=recheck_after)
    read = [entry for entry in sandbox.journal if entry["path"].endswith(f"{SERVICES}/name/{KAFKA}")]
    assert (len(read), pauses) == (reads, waits)


def do_in_pauses(monkeypatch: pytest.MonkeyPatch, *steps: Callable[[], Any]) -> None:
    """Do something in each pause of a patch, in turn."""
    left = iter(steps)
    monkeypatch.setattr(patching.time, "sleep", lambda _: next(left, lambda: None)())


def write(sandbox: Sandbox, text: str) -> None:
    body = [{"op": "add", "path": "/description", "value": text}]
    headers = {"Content-Type": "application/json-patch+json"}
    path = f"{SERVICES}/name/{KAFKA}"
    reply = Api(sandbox, sandbox.admin_token)("PATCH", path, json=body, headers=headers)
    assert reply.status_code == 200


def test_the_last_word_on_a_patch_is_of_its_last_sending(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.configure(if_match=False)
    before = Api(sandbox).service(KAFKA)["description"]
    sandbox.fault("503", times=1, method="PATCH", retry_after=0)
    do_in_pauses(
        monkeypatch,
        lambda: None,
        lambda: write(sandbox, before),
        lambda: sandbox.fault("500", times=9, method="GET"),
    )
    with pytest.raises(ConflictError) as caught:
        describe()
    assert "The server accepted the patch, but a later read shows other values" in str(caught.value)
    assert "It could not be read again: The server failed (500)" in str(caught.value)
    assert "503" not in str(caught.value)


def test_what_is_there_again_is_not_said_to_be_sent_again(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.configure(if_match=False)
    before = Api(sandbox).service(KAFKA)["description"]
    do_in_pauses(monkeypatch, lambda: write(sandbox, before), lambda: write(sandbox, "ours"))
    result = describe()
    assert result["changed"]
    (note,) = result["notes"]
    assert note.endswith("By now it is there again.")
    assert sum(entry["method"] == "PATCH" for entry in sandbox.journal) == 3


def test_a_patch_that_comes_late_is_reported_as_done(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.fault("503", times=1, method="PATCH", retry_after=0)
    do_in_pauses(monkeypatch, lambda: write(sandbox, "ours"))
    result = describe()
    assert (result["changed"], result["fields"]) == (True, ["description"])
    assert (result["version_before"], result["version"], result["notes"]) == ("0.3", "0.4", [])


def test_why_a_patch_was_not_taken_counts_for_more_than_that_it_cannot_be_read_again(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.fault("503", times=1, method="PATCH", retry_after=0)
    do_in_pauses(monkeypatch, lambda: sandbox.fault("500", times=9, method="GET"))
    with pytest.raises(
        ServerUnavailableError, match="It could not be read again: The server failed"
    ) as caught:
        describe()
    assert "(503)" in str(caught.value)
    assert "The patch may be applied all the same." in str(caught.value)


def test_what_was_sent_again_is_said(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox.configure(if_match=False)
    before = Api(sandbox).service(KAFKA)["description"]
    do_in_pauses(monkeypatch, lambda: write(sandbox, before))
    (note,) = describe()["notes"]
    assert note.endswith("Sent again.")
    assert Api(sandbox).service(KAFKA)["description"] == "ours"


@pytest.mark.parametrize("looks", [0, 1])
def test_a_patch_that_cannot_be_read_back_is_said_to_be_accepted(
    sandbox: Sandbox, server: Between, monkeypatch: pytest.MonkeyPatch, looks: int
) -> None:
    sandbox.configure(if_match=False)
    real = Api(sandbox).service(KAFKA)

    def fail() -> None:
        server.answer(rf"/name/{KAFKA}", *[format_http(500, b'{"code": 500, "message": "Boom"}')] * 9)

    if looks:
        do_in_pauses(monkeypatch, fail)
    else:
        original = patching._send

        def send(*args: Any) -> Any:
            stored = original(*args)
            fail()
            return stored

        monkeypatch.setattr(patching, "_send", send)
    with pytest.raises(ServerUnavailableError, match="The server accepted the patch, but") as caught:
        describe()
    assert "Boom" in str(caught.value)
    assert Api(sandbox).service(KAFKA)["description"] != real["description"]


def test_a_patch_of_which_nothing_can_be_read_may_be_applied(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = patching._send

    def send(*args: Any) -> Any:
        try:
            return original(*args)
        finally:
            sandbox.fault("500", times=9, method="GET")

    monkeypatch.setattr(patching, "_send", send)
    sandbox.fault("drop_after", method="PATCH")
    with pytest.raises(ServerUnavailableError, match="The patch may be applied all the same") as caught:
        describe()
    assert "It could not be read again: The server failed (500)" in str(caught.value)
    sandbox.clear_faults()
    assert Api(sandbox).service(KAFKA)["description"] == "ours"

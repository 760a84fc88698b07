"""Whatever answers a poll, and however a task waits: it may pass by itself, or the wait ends at once."""

from __future__ import annotations

import json
import re
import time
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.client.transport import aio
from airflow_provider_om_messaging.exceptions import (
    BadRequestError,
    ForbiddenError,
    NotFoundError,
    OpenMetadataError,
    ServerUnavailableError,
    UnauthorizedError,
    UnexpectedReplyError,
    UnsupportedByServerError,
)
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator
from airflow_provider_om_messaging.protocol import routes
from airflow_provider_om_messaging.sensors.csv_job import CsvAsyncJobSensor
from tests.contract.answers_in_between import RESET, between, format_http
from tests.in_airflow.running import defer, fire, rebuild, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_provider_om_messaging.sandbox import Sandbox
    from tests.contract.answers_in_between import Between

SERVICE = "orders_redpanda"
POLL = r"/csvAsyncJobs/\d+$"
PAGE = b"<html><body>Sign in</body></html>"
JOB = b'{"jobId": "1001", "operation": "EXPORT", "status": "RUN'

BEARABLE = {
    "closed": b"",
    "reset": RESET,
    "reset in the middle": format_http(200, JOB + b" " * 1000)[:-900] + RESET,
    "not HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "empty": format_http(200),
    "no content": format_http(204),
    "half JSON": format_http(200, JOB),
    "null": format_http(200, b"null"),
    "another document": format_http(200, b'{"id": 1}'),
    "job without state": format_http(200, b'{"jobId": "1001", "status": null}'),
    "no UTF-8": format_http(200, b'{"jobId": "\xff"}'),
    "broken gzip": format_http(200, b"no gzip", content_encoding="gzip"),
    "login page": format_http(200, PAGE, "text/html"),
    "redirect": format_http(302, b"", "text/html", location="https://login.example/?next=x"),
    "404 of a proxy": format_http(404, b"404 page not found", "text/plain"),
    "429": format_http(429, b"slow down", "text/plain", retry_after="0"),
    "429 until a date": format_http(429, b"", "text/plain", retry_after=formatdate(0, usegmt=True)),
    "500": format_http(500, b'{"code": 500, "message": "HikariPool-1"}'),
    "502": format_http(502, PAGE, "text/html"),
    "503": format_http(503, b"", "text/plain", retry_after="nonsense"),
    "504": format_http(504, PAGE, "text/html"),
}
FINAL: dict[str, tuple[int, str, type[OpenMetadataError], str]] = {
    "another's job": (403, "CSV job belongs to another user.", ForbiddenError, "connection of one of them"),
    "no such job": (404, "CSV job not found: 1001", NotFoundError, "not found: 1001.* a week after its end"),
    "no such route": (
        404,
        "HTTP 404 Not Found",
        UnsupportedByServerError,
        "no route.* leave asynchronous off",
    ),
    "no such route on old servers": (
        500,
        "An exception with message [HTTP 404 Not Found] was thrown while processing request.",
        UnsupportedByServerError,
        "no route.* leave asynchronous off",
    ),
    "refused": (400, "For input string", BadRequestError, "For input string"),
    "expired token": (401, "Expired token!", UnauthorizedError, "create a new one"),
}
STRANGE_LINES = [
    (1, None, 10**25),
    (2, ["%s %d"], -(10**25)),
    ({"a": 1}, "100%s {0} \ud800", "yesterday"),
    (None, "x" * 100_000, 1e300),
    (4, "\x1b[2J", True),
]


def make_export(**kwargs: Any) -> Callable[..., ExportMessagingServiceOperator]:
    def make(_: Any) -> ExportMessagingServiceOperator:
        return ExportMessagingServiceOperator(
            task_id="export", service=SERVICE, asynchronous=True, poll_interval=0.1, **kwargs
        )

    return make


def make_sensor(**kwargs: Any) -> Callable[..., CsvAsyncJobSensor]:
    def make(submit: Callable[[], str], **more: Any) -> CsvAsyncJobSensor:
        return CsvAsyncJobSensor(task_id="wait", job_id=submit(), **{"poke_interval": 0.1, **kwargs, **more})

    return make


WAYS: dict[str, Callable[..., Any]] = {
    "worker": make_export(),
    "triggerer": make_export(deferrable=True),
    "sensor": make_sensor(deferrable=False),
    "deferred sensor": make_sensor(deferrable=True),
}
every_way = pytest.mark.parametrize("way", WAYS)


def submit() -> str:
    return OpenMetadataMessagingHook().submit_export(SERVICE)


@pytest.fixture
def front(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Between]:
    """What the default connection leads to, with the sandbox behind it."""
    with between(sandbox.url) as front:
        connection = sandbox.airflow_connection().replace(sandbox.url, front.url)
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", connection)
        yield front


@every_way
def test_what_may_pass_by_itself_is_borne(sandbox: Sandbox, front: Between, way: str) -> None:
    task = WAYS[way](submit)
    front.answer(POLL, *BEARABLE.values())
    assert run(task)
    assert front.answered == len(BEARABLE)


@every_way
def test_a_server_that_is_silent_is_asked_again(
    sandbox: Sandbox, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (routes, aio):
        monkeypatch.setattr(module, "LONGEST_SILENCE", 1.0)
    task = WAYS[way](submit)
    sandbox.fault("hang", path=POLL)
    assert run(task)
    assert [entry["fault"] for entry in sandbox.journal if re.search(POLL, entry["path"])][:2] == [
        "hang",
        None,
    ]


@every_way
def test_a_job_that_is_told_strangely_is_waited_for(sandbox: Sandbox, front: Between, way: str) -> None:
    task = WAYS[way](submit)
    strange: list[dict[str, Any]] = [
        {"logs": [{"logId": number, "message": text, "createdAt": at} for number, text, at in STRANGE_LINES]},
        {"updatedAt": 10**25, "progress": 10**25, "total": -1},
        {"logs": {"a": 1}, "total": "many", "progress": True, "updatedAt": -1},
    ]
    job = {"jobId": "1001", "operation": "EXPORT", "status": "RUNNING"}
    front.answer(POLL, *[format_http(200, json.dumps({**job, **more}).encode()) for more in strange])
    assert run(task)
    assert front.answered == 3


@every_way
def test_secrets_in_an_answer_reach_neither_log_nor_event_nor_error(
    sandbox: Sandbox, way: str, log_text: Callable[[], str]
) -> None:
    task = WAYS[way](submit)
    task.max_consecutive_failures = 2
    sandbox.fault("leak", path=POLL, times=3)
    with pytest.raises(ServerUnavailableError, match="3 polls of job") as caught:
        run(task)
    assert len(str(caught.value)) < 600
    logged = log_text()
    assert "Polling job" in logged
    assert "sandbox-secret" not in logged + str(caught.value)
    assert sandbox.bot_token not in logged + str(caught.value)


@pytest.mark.parametrize("way", ["triggerer", "deferred sensor"])
def test_it_is_borne_as_well_when_the_task_resumes(
    sandbox: Sandbox, front: Between, way: str, capsys: pytest.CaptureFixture[str]
) -> None:
    task = WAYS[way](submit)
    deferral = defer(task)
    event = fire(rebuild(deferral.trigger))
    capsys.readouterr()
    answers = [BEARABLE["500"], BEARABLE["login page"]]
    front.answer(POLL, *answers)
    assert task.resume_execution(deferral.method_name, {"event": event}, {})
    assert front.answered == 2
    # What the triggerer has logged is not logged again.
    assert "Export completed" not in capsys.readouterr().out

    task.max_consecutive_failures = 1
    front.answer(POLL, *answers)
    with pytest.raises(UnexpectedReplyError, match="2 polls of job"):
        task.resume_execution(deferral.method_name, {"event": event}, {})


@every_way
@pytest.mark.parametrize("kind", FINAL)
def test_what_will_not_pass_ends_the_wait_at_once_with_advice(
    sandbox: Sandbox, front: Between, way: str, kind: str
) -> None:
    sandbox.configure(stuck_jobs=True)
    task = WAYS[way](submit)
    status, message, error, words = FINAL[kind]
    front.answer(POLL, *[format_http(status, json.dumps({"code": status, "message": message}).encode())] * 3)
    with pytest.raises(error, match=words):
        run(task)
    assert front.answered == 1


@every_way
@pytest.mark.parametrize("dated", [False, True], ids=["seconds", "date"])
def test_the_server_is_left_alone_as_long_as_it_asks(
    sandbox: Sandbox, front: Between, way: str, dated: bool
) -> None:
    now = time.time()
    asked = {"date": formatdate(now, usegmt=True), "retry_after": formatdate(now + 3, usegmt=True)}
    task = WAYS[way](submit)
    front.answer(POLL, format_http(429, b"", "text/plain", **(asked if dated else {"retry_after": "3"})))
    assert run(task)
    polls = [entry["at"] for entry in sandbox.journal if re.search(POLL, entry["path"])]
    assert polls[0] - front.answered_at >= 2.9


def test_a_sensor_looks_soon_at_a_job_that_ends_soon(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.configure(job_seconds=5)
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        sandbox.advance_clock(seconds)

    monkeypatch.setattr("time.sleep", sleep)
    assert run(WAYS["sensor"](submit, poke_interval=300))
    assert 0 < sum(slept) < 30

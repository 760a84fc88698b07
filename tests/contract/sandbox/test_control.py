"""Faults on order, switches, the journal, and steering over HTTP."""

from __future__ import annotations

import gzip
import json
import re
import socket
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import requests

from airflow_provider_om_messaging.sandbox import PortTaken, Sandbox
from airflow_provider_om_messaging.sandbox.faults import KINDS
from tests.contract.sandbox_http import SERVICES, TEXT, Api, build_row, build_table

if TYPE_CHECKING:
    from collections.abc import Iterator

PATH = f"{SERVICES}/name/sample_kafka"


@pytest.fixture
def api() -> Iterator[Api]:
    with Sandbox() as running:
        yield Api(running)


# -- faults


@pytest.mark.parametrize("kind", ["429", "500", "503"])
def test_server_errors_are_json_and_over_after_so_many_times(api: Api, kind: str) -> None:
    api.sandbox.fault(kind, times=2, retry_after=7)
    for _ in range(2):
        reply = api.get(PATH)
        assert (reply.status_code, reply.json()["code"]) == (int(kind), int(kind))
        assert reply.headers.get("Retry-After") == (None if kind == "500" else "7")
    assert api.get(PATH).status_code == 200


@pytest.mark.parametrize(("kind", "status"), [("502", 502), ("504", 504), ("html", 200)])
def test_proxies_answer_in_html(api: Api, kind: str, status: int) -> None:
    api.sandbox.fault(kind)
    reply = api.get(PATH)
    assert (reply.status_code, reply.headers["Content-Type"].split(";")[0]) == (status, "text/html")


def test_a_drop_closes_the_connection_and_does_nothing(api: Api) -> None:
    api.sandbox.fault("drop", method="PUT")
    with pytest.raises(requests.ConnectionError):
        api.load(build_table(build_row("never_made")))
    assert api.sandbox.services()["sample_kafka"] == 300
    assert api.sandbox.journal[-1]["status"] is None
    assert api.sandbox.journal[-1]["fault"] == "drop"


@pytest.mark.parametrize("kind", ["drop_after", "cut"])
def test_some_connections_break_after_the_work_is_done(api: Api, kind: str) -> None:
    api.sandbox.fault(kind, path="/import$")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        api.load(build_table(build_row("made_all_the_same")))
    assert api.sandbox.services()["sample_kafka"] == 301


@pytest.mark.parametrize(("kind", "topics"), [("hang", 300), ("hang_after", 301)])
def test_a_hanging_request_ends_when_faults_are_cleared(api: Api, kind: str, topics: int) -> None:
    api.sandbox.fault(kind)
    ended: list[Exception] = []

    def wait() -> None:
        try:
            api.load(build_table(build_row("made_before_it_hung")))
        except requests.ConnectionError as error:
            ended.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    while not any(entry["fault"] for entry in api.sandbox.journal):
        pass
    assert thread.is_alive()
    api.sandbox.clear_faults()
    thread.join()
    assert ended
    assert api.sandbox.services()["sample_kafka"] == topics


def test_a_hanging_request_does_not_keep_the_sandbox_from_stopping() -> None:
    with Sandbox() as sandbox:
        api = Api(sandbox)
        sandbox.fault("hang")
        with pytest.raises(requests.Timeout):
            requests.get(sandbox.url + "/api/v1/topics", timeout=0.2)
        sandbox.fault("hang")

        def wait() -> None:
            with pytest.raises(requests.RequestException):
                api.get(PATH)

        thread = threading.Thread(target=wait)
        thread.start()
        while len([entry for entry in sandbox.journal if entry["fault"]]) < 2:
            pass
    thread.join()


def test_a_leak_quotes_secrets_for_the_client_to_keep_to_itself(api: Api) -> None:
    api.sandbox.fault("leak")
    reply = api.get(PATH)
    assert reply.status_code == 500
    assert "sandbox-secret" in reply.json()["message"]


def test_faults_hit_only_what_they_are_meant_for(api: Api) -> None:
    api.sandbox.fault("503", method="patch", path=r"/topics/")
    assert api.get("/v1/topics/name/sample_kafka.orders").status_code == 200
    assert api.patch(PATH).status_code == 200
    assert api.patch("/v1/topics/name/sample_kafka.orders").status_code == 503
    assert api.patch("/v1/topics/name/sample_kafka.orders").status_code == 200


def test_faults_hit_before_the_token_is_looked_at(api: Api) -> None:
    api.sandbox.fault("503")
    assert Api(api.sandbox, "").get("/v1/topics").status_code == 503


def test_nonsense_orders_are_refused(api: Api) -> None:
    with pytest.raises(ValueError, match="no fault is called"):
        api.sandbox.fault("earthquake")
    with pytest.raises(ValueError, match="positive"):
        api.sandbox.fault("503", times=0)
    with pytest.raises(ValueError, match="regular expression"):
        api.sandbox.fault("503", path="(")
    for switches in (
        {"job_seconds": -1},
        {"job_seconds": "1"},
        {"import_verdict": "maybe"},
        {"csv_routes": 1},
    ):
        with pytest.raises(ValueError, match=next(iter(switches))):
            api.sandbox.configure(**switches)
    with pytest.raises(TypeError, match="no switch is called 'speed'"):
        api.sandbox.configure(latency=3, speed=1)
    with pytest.raises(TypeError, match="speed"):
        Sandbox(speed=1)
    assert api.json("/v1/topics?limit=1")["data"], "no switch was set by a refused call"


# -- replies


def test_large_replies_are_compressed_for_who_asks(api: Api) -> None:
    for path, encoding in ((f"{PATH}/export", "gzip"), ("/v1/system/version", None)):
        assert api.get(path).headers.get("Content-Encoding") == encoding
        plain = api.get(path, headers={"Accept-Encoding": "identity"})
        assert "Content-Encoding" not in plain.headers
    raw = api.get(f"{PATH}/export", stream=True).raw.read(decode_content=False)
    assert gzip.decompress(raw).decode() == api.export()
    api.sandbox.configure(gzip=False)
    assert "Content-Encoding" not in api.get(f"{PATH}/export").headers


def test_a_head_request_has_no_body(api: Api) -> None:
    reply = api("HEAD", PATH)
    assert (reply.status_code, reply.content) == (200, b"")


def test_a_slash_at_the_end_is_no_other_path(api: Api) -> None:
    assert api.json(PATH + "/") == api.json(PATH)


# -- journal


def test_the_journal_tells_what_was_sent(api: Api) -> None:
    api.sandbox.clear_journal()
    body = build_table(build_row("x"))
    api(
        "PUT",
        f'{SERVICES}/name/"edge.kafka"/import?dryRun=true&speed=9',
        data=body,
        headers={"Content-Type": "text/plain"},
    )
    Api(api.sandbox, "").get("/v1/nope")
    first, second = api.sandbox.journal
    assert first["method"] == "PUT"
    assert first["path"] == f'{SERVICES}/name/"edge.kafka"/import'
    assert first["raw_path"] == f"{SERVICES}/name/%22edge.kafka%22/import"
    assert first["query"] == {"dryRun": "true", "speed": "9"}
    assert (first["status"], first["user"], first["body_bytes"]) == (200, "ingestion-bot", len(body))
    assert first["headers"]["Content-Type"] == "text/plain"
    assert first["notes"] == ["unknown query parameter: speed", "the CSV's charset was not named"]
    assert (second["status"], second["user"]) == (404, None)
    assert second["at"] >= first["at"]


def test_the_journal_holds_no_token(api: Api) -> None:
    api.get(PATH)
    assert api.token not in json.dumps(api.sandbox.journal)


# -- over HTTP


def control(api: Api, method: str, path: str = "", body: Any = None, **headers: str) -> requests.Response:
    data = None if body is None else json.dumps(body)
    return requests.request(
        method, f"{api.sandbox.url}/_sandbox{path}", data=data, headers=headers, timeout=300
    )


def test_everything_can_be_steered_over_http(api: Api) -> None:
    state = control(api, "GET").json()
    assert state["switches"]["csv_routes"] is True
    assert set(state["faultKinds"]) == set(KINDS)
    assert {"PUT /_sandbox/switches", "POST /_sandbox/faults", "GET /_sandbox"} <= set(state["controls"])
    assert state["services"]["sample_kafka"] == 300
    assert control(api, "PUT", "/switches", {"csv_routes": False}).json()["csv_routes"] is False
    assert api.get(f"{PATH}/export").status_code == 404
    assert control(api, "PUT", "", {"csv_routes": True}).json()["csv_routes"] is True

    assert control(api, "POST", "/faults", {"kind": "503", "path": "/export$"}).json()[0]["kind"] == "503"
    assert api.get(f"{PATH}/export").status_code == 503
    control(api, "POST", "/faults", {"kind": "503", "times": 100})
    assert control(api, "DELETE", "/faults").status_code == 200
    assert api.get(PATH).status_code == 200

    before = control(api, "GET").json()["clock"]
    assert control(api, "POST", "/clock", {"advance": 3600}).json()["clock"] >= before + 3_600_000

    token = control(api, "POST", "/bot-token").json()["token"]
    assert api.get(PATH).status_code == 401
    assert Api(api.sandbox, token).get(PATH).status_code == 200
    expired = control(api, "POST", "/tokens", {"user": "alice", "expires_in": -5}).json()["token"]
    assert Api(api.sandbox, expired).get(PATH).json()["message"] == "Expired token!"

    assert control(api, "GET", "/journal").json()[-1]["status"] == 401
    control(api, "DELETE", "/journal")
    assert control(api, "GET", "/journal").json() == []


@pytest.mark.parametrize(
    ("method", "path", "body", "advice"),
    [
        ("PUT", "/switches", {"speed": 1}, "there are: .*csv_routes"),
        ("PUT", "/switches", {"latency": "x"}, "latency"),
        ("PUT", "/switches", [], "JSON object"),
        ("POST", "/faults", {}, "kind is missing; there are: .*503"),
        ("POST", "/faults", {"kind": "x"}, "there are: .*503"),
        ("POST", "/faults", {"kind": "503", "time": 2}, "no time; it has: kind, times"),
        ("POST", "/faults", {"kind": "503", "retry_after": "soon"}, "retry_after"),
        ("POST", "/clock", {}, "advance is a number"),
        ("POST", "/clock", {"advance": -1}, "only goes forward"),
        ("POST", "/clock", {"advance": "far"}, "advance"),
        ("POST", "/tokens", {"user": "nobody"}, "nobody"),
        ("POST", "/tokens", {"signed_by": "me"}, "stranger"),
        ("POST", "/tokens", {"expires": 1}, "no expires; .*expires_in"),
    ],
)
def test_wrong_orders_are_explained(api: Api, method: str, path: str, body: Any, advice: str) -> None:
    reply = control(api, method, path, body)
    assert reply.status_code == 400
    assert re.search(advice, reply.json()["message"])


def test_unknown_controls_list_the_known_ones(api: Api) -> None:
    reply = control(api, "GET", "/nope")
    assert (reply.status_code, "POST /_sandbox/clock" in reply.json()["message"]) == (404, True)


def test_a_web_page_elsewhere_cannot_steer(api: Api) -> None:
    assert control(api, "GET", Host="evil.example").status_code == 403
    assert control(api, "GET", Host="localhost:1").status_code == 200


def test_it_listens_on_this_machine_only(api: Api) -> None:
    assert api.sandbox.url.startswith("http://127.0.0.1:")
    port = urlsplit(api.sandbox.url).port
    with socket.socket() as other, pytest.raises(OSError, match=r"refused|unreachable"):
        other.connect(("127.0.0.2", port))


# -- life


def test_the_airflow_connection(api: Api) -> None:
    answer = json.loads(api.sandbox.airflow_connection())
    assert answer == {"conn_type": "om_messaging", "host": api.sandbox.url, "password": api.sandbox.bot_token}
    assert json.loads(api.sandbox.airflow_connection("t"))["password"] == "t"
    for name in ("read-only", "read_only"):
        password = json.loads(api.sandbox.airflow_connection(name))["password"]
        assert password == api.sandbox.read_only_token


def test_a_taken_port_is_named(api: Api) -> None:
    port = urlsplit(api.sandbox.url).port
    second = Sandbox(port=port or 0)
    with pytest.raises(PortTaken, match=str(port)):
        second.start()
    second.stop()


def test_it_can_be_stopped_twice_and_started_again() -> None:
    sandbox = Sandbox()
    with pytest.raises(RuntimeError, match="never started"):
        sandbox.configure(latency=1)
    sandbox.start()
    with pytest.raises(RuntimeError, match="runs already"):
        sandbox.start()
    sandbox.stop()
    sandbox.stop()
    with pytest.raises(requests.ConnectionError):
        requests.get(sandbox.url, timeout=5)
    assert sandbox.journal == [], "what happened can be read after the end"
    with sandbox:
        assert Api(sandbox).get(PATH).status_code == 200


def test_latency_delays_every_reply_and_not_the_controls(api: Api) -> None:
    api.sandbox.configure(latency=30)
    with pytest.raises(requests.ReadTimeout):
        requests.get(api.sandbox.url + "/api/v1/system/version", timeout=0.2)
    assert control(api, "PUT", "/switches", {"latency": 0}).status_code == 200
    assert api.get("/v1/system/version").status_code == 200


def test_bodies_of_any_size_are_taken(api: Api) -> None:
    text = build_table(*(build_row(f"big-{number}", "", "x" * 100_000) for number in range(30)))
    reply = api("PUT", f"{PATH}/import", params={"dryRun": "true"}, data=text.encode(), headers=TEXT)
    assert reply.json()["numberOfRowsPassed"] == 30

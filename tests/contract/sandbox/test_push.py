"""How servers up to 1.13 report CSV jobs: over Socket.IO, to whoever listens at that moment."""

from __future__ import annotations

import asyncio
import json
import queue
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests
import socketio

from airflow_provider_om_messaging.sandbox import Sandbox
from tests.contract.sandbox_http import Api, build_row, build_table, list_outcomes

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

EXPORT, IMPORT = "csvExportChannel", "csvImportChannel"
PATH = "api/v1/push/feed"
#: Frames of a job are reported within this time, in seconds; long, since machines that run tests can be busy.
PATIENCE = 300


class Ear:
    """One open socket, and what it heard: pairs of channel and payload."""

    def __init__(self, sandbox: Sandbox, user_id: str, **headers: str) -> None:
        self.heard: queue.Queue[tuple[str, dict[str, Any]]] = queue.Queue()
        self.closed: queue.Queue[None] = queue.Queue()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.client = socketio.AsyncClient(reconnection=False)
        for channel in (EXPORT, IMPORT):
            self.client.on(channel, lambda text, channel=channel: self.heard.put((channel, json.loads(text))))
        self.client.on("disconnect", lambda *_: self.closed.put(None))
        url = f"{sandbox.url}?userId={user_id}"
        opening = self.client.connect(url, socketio_path=PATH, transports=["websocket"], headers=headers)
        try:
            self._do(opening)
        except BaseException:
            self.close()
            raise

    def until(self, status: str) -> list[tuple[str, dict[str, Any]]]:
        """Return what is heard up to the first frame of a status."""
        frames = []
        while not frames or frames[-1][1]["status"] != status:
            frames.append(self.heard.get(timeout=PATIENCE))
        return frames

    def close(self) -> None:
        self._do(self.client.shutdown())
        if self.client.eio.http:
            self._do(self.client.eio.http.close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def _do(self, action: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(action, self.loop).result(PATIENCE)


@pytest.fixture(params=["1.13", "1.2"])
def api(request: pytest.FixtureRequest) -> Iterator[Api]:
    with Sandbox(generation=request.param, job_seconds=0) as sandbox:
        yield Api(sandbox)


@pytest.fixture
def ear(api: Api) -> Iterator[Ear]:
    listening = Ear(api.sandbox, _me(api))
    yield listening
    listening.close()


def _me(api: Api) -> str:
    return str(api.json("/v1/users/loggedInUser")["id"])


def test_an_export_ends_with_a_frame_that_holds_the_text(api: Api, ear: Ear) -> None:
    text = api.export()
    job_id = api.submit_export()
    frames = ear.until("COMPLETED")
    assert {channel for channel, _ in frames} == {EXPORT}
    assert {body["jobId"] for _, body in frames} == {job_id}
    members = {"jobId", "status", "data", "error", "progress", "total", "message"}
    assert all(set(body) == members for _, body in frames)
    assert [body["progress"] for _, body in frames] == [100, 200, 300, 300]
    assert frames[0][1]["message"] == "Exported 100 of 300 entities (batch 1)"
    assert frames[-1][1]["data"] == text


def test_an_import_begins_and_ends_with_frames_and_the_last_holds_the_result(api: Api, ear: Ear) -> None:
    job_id = api.submit_import(build_table(build_row("made_over_the_socket"), build_row("")))
    frames = ear.until("COMPLETED")
    assert {channel for channel, _ in frames} == {IMPORT}
    assert [body["status"] for _, body in frames] == ["STARTED", "IN_PROGRESS", "COMPLETED"]
    members = {"jobId", "status", "result", "error", "progress", "total", "message"}
    assert all(set(body) == members and body["jobId"] == job_id for _, body in frames)
    result = frames[-1][1]["result"]
    assert list_outcomes(result)["made_over_the_socket"] == ("success", "Entity created")
    assert result["numberOfRowsFailed"] == 1


def test_a_failed_import_is_told_on_its_channel_with_the_members_of_an_export(api: Api, ear: Ear) -> None:
    api.submit_import(build_table(build_row("before_the_fault")) + '"never closed')
    channel, body = ear.until("FAILED")[-1]
    assert channel == IMPORT
    assert set(body) == {"jobId", "status", "data", "error", "progress", "total", "message"}
    assert "EOF reached before encapsulated token finished" in body["error"]
    # What stood before the fault is there all the same.
    assert api.topic("sample_kafka.before_the_fault")["name"] == "before_the_fault"


def test_the_job_is_known_nowhere_else(api: Api) -> None:
    job_id = api.submit_export()
    assert len(job_id) == 36
    for path in ("/v1/csvAsyncJobs", f"/v1/csvAsyncJobs/{job_id}"):
        assert "HTTP 404 Not Found" in api.get(path).text


def test_every_socket_of_the_user_hears_and_nobody_elses(api: Api, ear: Ear) -> None:
    stranger = Ear(api.sandbox, _me(Api(api.sandbox, api.sandbox.admin_token)))
    second = Ear(api.sandbox, _me(api))
    job_id = api.submit_export()
    for listening in (ear, second):
        assert listening.until("COMPLETED")[-1][1]["jobId"] == job_id
    own = Api(api.sandbox, api.sandbox.admin_token).submit_export()
    assert {body["jobId"] for _, body in stranger.until("COMPLETED")} == {own}
    stranger.close()
    second.close()


def test_what_nobody_hears_is_lost(api: Api) -> None:
    api.submit_import(build_table(build_row("made_unheard")))
    while "made_unheard" not in api.export():
        time.sleep(0.01)
    late = Ear(api.sandbox, _me(api))
    job_id = api.submit_export()
    assert {body["jobId"] for _, body in late.until("COMPLETED")} == {job_id}
    late.close()


def test_a_job_can_run_before_its_request_is_answered(api: Api, ear: Ear) -> None:
    api.sandbox.configure(early_frames=True, job_seconds=60.0, job_start_delay=60.0)
    job_id = api.submit_export()
    assert ear.until("COMPLETED")[-1][1]["jobId"] == job_id


def test_frames_can_come_twice(api: Api, ear: Ear) -> None:
    api.sandbox.configure(duplicate_frames=True)
    api.submit_import(build_table(build_row("told_twice")))
    answer = [body["status"] for _, body in (ear.heard.get(timeout=PATIENCE) for _ in range(6))]
    assert answer == ["STARTED", "STARTED", "IN_PROGRESS", "IN_PROGRESS", "COMPLETED", "COMPLETED"]


def test_frames_can_get_lost(api: Api, ear: Ear) -> None:
    api.sandbox.configure(lost_frames=True)
    api.submit_import(build_table(build_row("told_to_nobody")))
    while "told_to_nobody" not in api.export():
        time.sleep(0.01)
    api.sandbox.configure(lost_frames=False)
    job_id = api.submit_export()
    assert {body["jobId"] for _, body in ear.until("COMPLETED")} == {job_id}


def test_sockets_can_be_closed_from_the_servers_side(api: Api, ear: Ear) -> None:
    api.sandbox.close_sockets()
    ear.closed.get(timeout=PATIENCE)
    assert not ear.client.connected


def test_a_secure_socket_wants_a_token(api: Api) -> None:
    api.sandbox.configure(secure_socket=True)
    me = _me(api)
    with pytest.raises(socketio.exceptions.ConnectionError):
        Ear(api.sandbox, me)
    assert api.sandbox.journal[-1]["status"] == 401
    listening = Ear(api.sandbox, me, Authorization=f"Bearer {api.token}")
    api.submit_import(build_table(build_row("told_to_the_right_one")))
    assert listening.until("COMPLETED")
    listening.close()


def test_an_opened_socket_is_in_the_journal(api: Api, ear: Ear) -> None:
    entry = next(entry for entry in api.sandbox.journal if entry["path"].startswith("/v1/push/feed"))
    assert (entry["method"], entry["status"], entry["query"]["userId"]) == ("GET", 101, _me(api))


def test_only_websockets_are_served(api: Api) -> None:
    polling = f"{api.sandbox.url}/{PATH}/?EIO=4&transport=polling&userId={_me(api)}"
    assert requests.get(polling, timeout=300).status_code == 400


def test_today_there_is_no_such_route() -> None:
    with Sandbox() as sandbox:
        assert Api(sandbox).get("/v1/push/feed/").json()["message"] == "HTTP 404 Not Found"


@pytest.mark.parametrize("generation", ["1.13", "1.2"])
def test_no_job_outlives_a_restart(tmp_path: Any, generation: str) -> None:
    with Sandbox(data=tmp_path, generation=generation, job_seconds=600.0) as sandbox:
        Api(sandbox).submit_import(build_table(build_row("never_made")))
    with Sandbox(data=tmp_path, generation=generation, job_seconds=0) as sandbox:
        assert requests.get(f"{sandbox.url}/_sandbox", timeout=300).json()["jobs"] == {}

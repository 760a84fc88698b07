"""Async jobs of servers before 2.0: heard over a socket, settled by looking, or done without a job."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.common.compat.sdk import AirflowSkipException

from airflow_provider_om_messaging.client.transport import sockets
from airflow_provider_om_messaging.exceptions import (
    ImportRejectedError,
    JobFailedError,
    JobTimeoutError,
    NotFoundError,
    RateLimitedError,
    ServerUnavailableError,
    UnreadableVerdictError,
    UnsupportedByServerError,
)
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator
from airflow_provider_om_messaging.operators.import_csv import ImportMessagingServiceOperator
from airflow_provider_om_messaging.operators.job_result import CsvJobResultOperator
from airflow_provider_om_messaging.operators.support.jobs.job_memory import KEY
from airflow_provider_om_messaging.sandbox import Sandbox
from airflow_provider_om_messaging.sensors.csv_job import CsvAsyncJobSensor
from tests.contract.sandbox_http import Api, build_row, build_table
from tests.in_airflow.running import CONTEXT, convert_to_xcom

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SERVICE = "orders_redpanda"
FILE = build_table(
    build_row("orders.placed", description="Over a socket."), build_row("orders.paid", description="Heard.")
)
BAD_OWNER = build_table(
    build_row("orders.placed", owner="nobody"), build_row("orders.paid", description="Heard.")
)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(generation="1.13", job_seconds=0.2) as running:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", running.airflow_connection())
        yield running


def make_export(**kwargs: Any) -> ExportMessagingServiceOperator:
    wanted = {"task_id": "export", "service": SERVICE, "asynchronous": True, "engine": "server"}
    return ExportMessagingServiceOperator(**{**wanted, "timeout": 60, **kwargs})


def importing(**kwargs: Any) -> ImportMessagingServiceOperator:
    wanted = {"task_id": "import", "service": SERVICE, "asynchronous": True, "engine": "server", "csv": FILE}
    return ImportMessagingServiceOperator(**{**wanted, "poll_interval": 0.1, "timeout": 60, **kwargs})


Log = Callable[[], str]


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture, log_text: Log) -> Log:
    """Return what has been logged since the last look, down to the details."""
    caplog.set_level(logging.DEBUG)
    return log_text


def run(operator: Any, context: dict[str, Any] = CONTEXT) -> Any:
    return convert_to_xcom(operator.execute(context))


def list_submissions(server: Sandbox) -> list[str]:
    ends = ("/exportAsync", "/importAsync", "/export", "/import")
    found = [entry["path"].rpartition("/")[2] for entry in server.journal if entry["path"].endswith(ends)]
    return [
        end for entry, end in zip(_list_entries(server, ends), found, strict=True) if entry["status"] != 404
    ]


def _list_entries(server: Sandbox, ends: tuple[str, ...]) -> list[dict[str, Any]]:
    return [entry for entry in server.journal if entry["path"].endswith(ends)]


def closing_sockets(server: Sandbox) -> threading.Thread:
    """Close all sockets as soon as a job was submitted."""

    def close() -> None:
        while not any(entry["path"].endswith("Async") and entry["status"] for entry in server.journal):
            time.sleep(0.05)
        server.close_sockets()

    thread = threading.Thread(target=close, daemon=True)
    thread.start()
    return thread


class TestHeard:
    @pytest.mark.parametrize("deferrable", [False, True])
    def test_an_export_is_what_a_synchronous_one_is(
        self, server: Sandbox, tmp_path: Path, deferrable: bool, log: Log
    ) -> None:
        one, other = tmp_path / "one.csv", tmp_path / "other.csv"
        expected = run(make_export(asynchronous=False, destination=str(one)))
        server.clear_journal()
        result = run(make_export(destination=str(other), deferrable=deferrable))
        assert other.read_bytes() == one.read_bytes()
        assert result.pop("job_id")
        expected.pop("job_id")
        assert {**result, "destination": ""} == {**expected, "destination": ""}
        assert list_submissions(server) == ["exportAsync"]
        assert ("Waiting in the worker" in log()) is deferrable

    @pytest.mark.parametrize("dry_run", [True, False])
    def test_an_import_has_its_verdict(self, server: Sandbox, dry_run: bool) -> None:
        result = run(importing(dry_run=dry_run))
        assert (result["status"], result["rows_processed"], result["rows_failed"]) == ("success", 2, 0)
        assert result["dry_run"] is dry_run
        assert result["job_id"]
        assert list_submissions(server) == ["importAsync"]
        assert ("Over a socket." in Api(server).export(SERVICE)) is not dry_run

    def test_rows_that_fail_fail_the_task(self, server: Sandbox) -> None:
        with pytest.raises(ImportRejectedError, match="1 of 2 rows failed in the dry run"):
            run(importing(csv=BAD_OWNER))

    @pytest.mark.parametrize("make", [make_export, importing])
    def test_a_job_that_fails_fails_the_task(self, server: Sandbox, make: Any) -> None:
        server.configure(failing_jobs=True)
        with pytest.raises(JobFailedError):
            run(make())

    @pytest.mark.parametrize("switch", ["early_frames", "duplicate_frames", "secure_socket"])
    def test_what_servers_do_with_frames_and_sockets(self, server: Sandbox, switch: str) -> None:
        server.configure(**{switch: True})
        assert run(make_export())["rows"] > 0
        assert run(importing())["rows_passed"] == 2
        assert list_submissions(server) == ["exportAsync", "importAsync"]

    def test_many_tasks_of_one_user_hear_each_their_own(self, server: Sandbox) -> None:
        services = [*server.services()][:4] * 3
        received: dict[int, Any] = {}

        def export(number: int) -> None:
            # Airflow 2.11 lets no operator run in a thread.
            hook = OpenMetadataMessagingHook()
            feed = hook.listen()
            job_id = hook.submit_export(services[number])
            received[number] = feed.wait_for_end(job_id, time.time() + 600, lambda job: None)
            feed.close()

        threads = [threading.Thread(target=export, args=(number,)) for number in range(len(services))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for number, service in enumerate(services):
            assert received[number].csv == Api(server).export(service)

    def test_the_token_is_in_no_log(self, server: Sandbox, log: Log) -> None:
        run(make_export())
        assert server.bot_token not in log()

    def test_a_service_that_is_missing_leaves_no_socket_open(self, server: Sandbox) -> None:
        with pytest.raises(NotFoundError):
            run(make_export(service="nope"))
        assert not [thread for thread in threading.enumerate() if thread.name == "om-messaging-socket"]


class TestLost:
    def test_an_export_is_made_in_one_request(self, server: Sandbox, log: Log) -> None:
        server.configure(stuck_jobs=True)
        closer = closing_sockets(server)
        result = run(make_export())
        closer.join()
        assert result["csv"].encode() == Api(server).export(SERVICE).encode()
        assert "the socket is lost" in log()
        assert list_submissions(server)[:2] == ["exportAsync", "export"]

    def test_a_dry_run_is_run_again(self, server: Sandbox) -> None:
        server.configure(stuck_jobs=True)
        closer = closing_sockets(server)
        assert run(importing())["rows_passed"] == 2
        closer.join()
        assert list_submissions(server) == ["importAsync", "import"]
        assert {entry["query"]["dryRun"] for entry in server.journal if "dryRun" in entry["query"]} == {
            "true"
        }

    def test_an_import_that_worked_is_found_in_place(self, server: Sandbox) -> None:
        server.configure(lost_frames=True, job_seconds=1.5)
        closer = closing_sockets(server)
        result = run(importing(dry_run=False))
        closer.join()
        assert (result["status"], result["rows_passed"], result["verified"]) == ("success", 2, 2)
        assert list_submissions(server).count("importAsync") == 1
        assert "import" not in list_submissions(server)

    def test_an_import_that_is_nowhere_is_reported_as_unknown(self, server: Sandbox) -> None:
        server.configure(stuck_jobs=True)
        closer = closing_sockets(server)
        with pytest.raises(UnreadableVerdictError, match="nobody told how it ended, and 2 of 2 rows"):
            run(importing(dry_run=False, timeout=2))
        closer.join()
        assert list_submissions(server).count("importAsync") == 1

    def test_a_job_that_nobody_tells_of_ends_with_the_timeout(self, server: Sandbox) -> None:
        server.configure(lost_frames=True)
        with pytest.raises(JobTimeoutError, match="not told to have ended"):
            run(make_export(timeout=1))
        assert run(importing(dry_run=False, timeout=1))["verified"] == 2


class Store(dict[str, Any]):
    """Airflow's task state store, as 3.3 hands it to a task."""

    def set(self, key: str, value: Any) -> None:
        self[key] = value


class TestRetries:
    def context(self) -> dict[str, Any]:
        return {"task_state_store": Store(), "ti": SimpleNamespace(max_tries=2)}

    @pytest.mark.parametrize("known", [True, False])
    def test_an_import_is_not_submitted_twice(self, server: Sandbox, known: bool) -> None:
        context = self.context()
        run(importing(dry_run=False), context)
        if not known:
            kept = context["task_state_store"][KEY]
            context["task_state_store"][KEY] = {"work": kept["work"], "own_jobs": [], "asked_at": 1.0}
        server.clear_journal()
        result = run(importing(dry_run=False), context)
        assert (result["status"], result["verified"]) == ("success", 2)
        assert bool(result["job_id"]) is known
        assert not [entry for entry in server.journal if entry["method"] == "PUT"]

    def test_a_job_that_was_refused_is_submitted_by_the_next_try(self, server: Sandbox) -> None:
        context = self.context()
        server.fault("429", path="/importAsync$")
        with pytest.raises(RateLimitedError):
            run(importing(dry_run=False), context)
        assert run(importing(dry_run=False), context)["job_id"]

    def test_a_submission_without_an_answer_is_not_repeated(self, server: Sandbox) -> None:
        context = self.context()
        server.fault("drop_after", path="/importAsync$")
        with pytest.raises(ServerUnavailableError):
            run(importing(dry_run=False), context)
        assert run(importing(dry_run=False), context)["verified"] == 2
        assert len([entry for entry in server.journal if entry["path"].endswith("/importAsync")]) == 1

    def test_other_work_is_submitted(self, server: Sandbox) -> None:
        context = self.context()
        run(importing(dry_run=False), context)
        server.clear_journal()
        run(
            importing(dry_run=False, csv=build_table(build_row("orders.paid", description="Other."))), context
        )
        assert list_submissions(server) == ["importAsync"]


class TestInstead:
    @pytest.mark.parametrize("make", [make_export, importing])
    def test_auto_works_in_one_request_and_says_why(self, server: Sandbox, make: Any, log: Log) -> None:
        result = run(make(engine="auto", deferrable=True))
        assert result["job_id"] is None
        logged = log()
        assert "does it in one request" in logged
        assert "engine='server'" in logged
        assert not [path for path in list_submissions(server) if path.endswith("Async")]

    def test_so_it_does_without_the_extra(
        self, server: Sandbox, monkeypatch: pytest.MonkeyPatch, log: Log
    ) -> None:
        monkeypatch.setitem(sys.modules, "socketio", None)
        assert run(make_export())["job_id"] is None
        assert "airflow-provider-om-messaging[sockets]" in log()

    def test_and_where_no_socket_can_be_opened(
        self, server: Sandbox, monkeypatch: pytest.MonkeyPatch, log: Log
    ) -> None:
        monkeypatch.setattr(sockets, "PATH", "/v1/no/such/path")
        assert run(make_export())["job_id"] is None
        assert "none could be opened" in log()
        assert list_submissions(server) == ["export"]

    def test_and_where_there_are_no_jobs(self, monkeypatch: pytest.MonkeyPatch, log: Log) -> None:
        with Sandbox(generation="1.2") as server:
            monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", server.airflow_connection())
            assert run(make_export())["job_id"] is None
        assert "this server has no async jobs" in log()

    @pytest.mark.parametrize("make", [make_export, importing])
    def test_a_job_that_nobody_could_wait_for_is_not_submitted(self, server: Sandbox, make: Any) -> None:
        with pytest.raises(UnsupportedByServerError, match="Leave wait_for_completion"):
            run(make(wait_for_completion=False))
        assert list_submissions(server) == []


class TestPolling:
    JOB = "0d9ad6ca-2a41-4ae5-9cb1-7a8f3f9b1c11"

    @pytest.mark.parametrize("deferrable", [False, True])
    def test_a_sensor_says_at_once_that_there_is_nothing_to_poll(
        self, server: Sandbox, deferrable: bool
    ) -> None:
        sensor = CsvAsyncJobSensor(task_id="wait", job_id=self.JOB, deferrable=deferrable)
        with pytest.raises(UnsupportedByServerError, match=r"1\.13\.2 tells .* asynchronous=False"):
            run(sensor)
        assert [entry["path"] for entry in server.journal] == ["/v1/system/version"]

    def test_or_it_skips_if_told_to_fail_softly(self, server: Sandbox) -> None:
        sensor = CsvAsyncJobSensor(task_id="wait", job_id=self.JOB, soft_fail=True)
        with pytest.raises(AirflowSkipException, match="cannot be polled"):
            run(sensor)

    def test_so_does_who_wants_its_result(self, server: Sandbox) -> None:
        with pytest.raises(UnsupportedByServerError, match="cannot be polled"):
            run(CsvJobResultOperator(task_id="result", job_id=self.JOB))

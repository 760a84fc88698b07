"""Async CSV jobs: their states, results, rights, limits and end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.sandbox import Sandbox
from tests.contract.sandbox_http import HEADER, SERVICES, TEXT, Api, build_row, build_table, read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

JOBS = "/v1/csvAsyncJobs"
DAY = 24 * 3600


@pytest.fixture
def api() -> Iterator[Api]:
    """Jobs that take half a minute of the sandbox's time, and none of ours."""
    with Sandbox(job_seconds=30, job_start_delay=10, running_clock=False) as running:
        yield Api(running)


def many(count: int) -> str:
    return build_table(*(build_row(f"bulk-{number:04}") for number in range(count)))


def finish(api: Api, job_id: str) -> Any:
    api.sandbox.advance_clock(60)
    job = api.job(job_id)
    assert job["completedAt"] is not None
    return job


def messages(job: dict[str, Any]) -> list[str]:
    return [entry["message"] for entry in job["logs"]]


def test_the_life_of_an_export(api: Api) -> None:
    job_id = api.submit_export()
    assert job_id.isdecimal()
    queued = api.job(job_id)
    assert (queued["status"], queued["progress"], queued["completedAt"]) == ("QUEUED", 0, None)
    api.sandbox.advance_clock(11)
    running = api.job(job_id)
    assert (running["status"], running["progress"], running["total"]) == ("RUNNING", 0, 300)
    api.sandbox.advance_clock(10)
    assert api.job(job_id)["progress"] == 100
    assert api.get(f"{JOBS}/{job_id}/result").json() == {
        "code": 400,
        "message": f"CSV job {job_id} is not a completed export; it has no downloadable result.",
    }
    done = finish(api, job_id)
    assert (done["status"], done["operation"], done["progress"]) == ("COMPLETED", "EXPORT", 300)
    assert (done["targetFqn"], done["createdBy"], done["entityType"]) == (
        "sample_kafka",
        "ingestion-bot",
        "messagingService",
    )
    assert (done["result"], done["error"], done["message"]) == (None, None, "Export completed.")
    assert messages(done) == [
        "Export queued.",
        "Export started.",
        "Exported 100 of 300 entities (batch 1)",
        "Exported 200 of 300 entities (batch 2)",
        "Exported 300 of 300 entities (batch 3)",
        "Export completed.",
    ]
    assert all(set(entry) == {"logId", "jobId", "createdAt", "level", "message"} for entry in done["logs"])
    for _ in range(2):
        reply = api.get(f"{JOBS}/{job_id}/result")
        assert reply.headers["Content-Type"] == "text/csv"
        assert reply.content.decode("utf-8") == api.export()


def test_the_life_of_an_import(api: Api) -> None:
    job_id = api.submit_import(many(250))
    done = finish(api, job_id)
    assert (done["status"], done["operation"], done["dryRun"]) == ("COMPLETED", "IMPORT", False)
    assert (done["progress"], done["total"]) == (250, 250)
    assert messages(done)[2:] == [
        "Processed 100 of 250 rows (batch 1)",
        "Processed 200 of 250 rows (batch 2)",
        "Processed 250 of 250 rows (batch 3)",
        "Import completed.",
    ]
    assert api.sandbox.services()["sample_kafka"] == 550
    assert api.get(f"{JOBS}/{job_id}/result").status_code == 400


def test_rows_are_written_while_the_job_runs(api: Api) -> None:
    api.submit_import(many(250))
    api.sandbox.advance_clock(21)
    assert api.sandbox.services()["sample_kafka"] == 400


def test_a_job_is_completed_even_if_every_row_failed_and_says_nothing_of_it(api: Api) -> None:
    job = finish(
        api, api.submit_import(build_table(build_row("x", owner="nobody"), build_row("y", tags="Nope")))
    )
    assert (job["status"], job["result"], job["error"]) == ("COMPLETED", None, None)
    aborted = finish(api, api.submit_import("a,b\r\n1,2\r\n"))
    assert (aborted["status"], aborted["result"]) == ("COMPLETED", None)
    assert api.get(f"{JOBS}/{job['jobId']}/importResult").json()["message"] == "HTTP 404 Not Found"


def test_the_verdict_can_be_read_where_the_switch_says(api: Api) -> None:
    job_id = api.submit_import(
        build_table(build_row("good"), build_row("bad", owner="nobody")), dry_run="true"
    )
    finish(api, job_id)
    api.sandbox.configure(import_verdict="job")
    shown = json.loads(api.job(job_id)["result"])
    assert (shown["status"], shown["dryRun"], shown["numberOfRowsFailed"]) == ("partialSuccess", True, 1)
    assert api.json(JOBS)[0]["result"] is None, "lists never carry results"
    api.sandbox.configure(import_verdict="endpoint")
    assert api.json(f"{JOBS}/{job_id}/importResult") == shown
    assert api.job(job_id)["result"] is None
    export = api.submit_export()
    assert api.get(f"{JOBS}/{export}/importResult").status_code == 400


def test_a_text_that_breaks_fails_the_job(api: Api) -> None:
    job = finish(api, api.submit_import(build_table(build_row("before_it")) + 'x,"never closed'))
    assert job["status"] == "FAILED"
    assert "EOF reached before encapsulated token finished" in job["error"]
    assert job["logs"][-1]["level"] == "ERROR"
    assert api.topic("sample_kafka.before_it")["name"] == "before_it"
    assert finish(api, api.submit_import(""))["status"] == "FAILED"


def test_cancelling_a_running_import_keeps_what_is_written(api: Api) -> None:
    job_id = api.submit_import(many(300))
    api.sandbox.advance_clock(21)
    reply = api("PUT", f"{JOBS}/{job_id}/cancel")
    assert (reply.status_code, reply.json()["status"], reply.json()["cancelRequested"]) == (
        200,
        "CANCELLING",
        True,
    )
    api.sandbox.advance_clock(1)
    job = api.job(job_id)
    assert (job["status"], job["message"]) == ("CANCELLED", f"CSV job {job_id} was cancelled.")
    assert "Cancellation requested." in messages(job)
    api.sandbox.advance_clock(100)
    assert api.sandbox.services()["sample_kafka"] == 400
    again = api("PUT", f"{JOBS}/{job_id}/cancel").json()
    assert again == api.job(job_id)


def test_a_queued_job_is_cancelled_when_a_worker_takes_it(api: Api) -> None:
    job_id = api.submit_import(many(3))
    api("PUT", f"{JOBS}/{job_id}/cancel")
    api.sandbox.advance_clock(9)
    assert api.job(job_id)["status"] == "CANCELLING"
    api.sandbox.advance_clock(2)
    assert api.job(job_id)["status"] == "CANCELLED"
    assert api.sandbox.services()["sample_kafka"] == 300


def test_cancelling_what_has_ended_changes_nothing(api: Api) -> None:
    done = finish(api, api.submit_export())
    assert api("PUT", f"{JOBS}/{done['jobId']}/cancel").json() == done


def test_three_jobs_run_at_a_time(api: Api) -> None:
    jobs = [api.submit_export() for _ in range(5)]
    api.sandbox.advance_clock(11)
    assert [api.job(job)["status"] for job in jobs] == ["RUNNING"] * 3 + ["QUEUED"] * 2
    api.sandbox.advance_clock(30)
    assert [api.job(job)["status"] for job in jobs] == ["COMPLETED"] * 3 + ["RUNNING"] * 2
    api.sandbox.advance_clock(30)
    assert [api.job(job)["status"] for job in jobs] == ["COMPLETED"] * 5


def test_a_stuck_job_fails_after_five_minutes_without_a_sign(api: Api) -> None:
    api.sandbox.configure(stuck_jobs=True)
    job_id = api.submit_export()
    api.sandbox.advance_clock(11)
    api.sandbox.advance_clock(290)
    assert api.job(job_id)["status"] == "RUNNING"
    api.sandbox.advance_clock(15)
    job = api.job(job_id)
    assert (job["status"], job["error"]) == ("FAILED", "Job stopped responding and was marked failed.")


def test_a_long_job_that_beats_is_left_alone() -> None:
    with Sandbox(job_seconds=3600, running_clock=False) as sandbox:
        api = Api(sandbox)
        job_id = api.submit_export("edge.kafka")
        for _ in range(10):
            sandbox.advance_clock(350)
            assert api.job(job_id)["status"] == "RUNNING"
        sandbox.advance_clock(350)
        assert api.job(job_id)["status"] == "COMPLETED"


def test_a_failing_job(api: Api) -> None:
    api.sandbox.configure(failing_jobs=True)
    job = finish(api, api.submit_import(many(2)))
    assert (job["status"], bool(job["error"])) == ("FAILED", True)
    assert api.sandbox.services()["sample_kafka"] == 300


def test_a_lost_result_is_a_404_of_its_own_kind(api: Api) -> None:
    job = finish(api, api.submit_export())
    api.sandbox.configure(lost_results=True)
    reply = api.get(f"{JOBS}/{job['jobId']}/result")
    assert reply.status_code == 404
    assert reply.json()["message"].startswith(
        f"The result of CSV job {job['jobId']} is no longer available; "
    )
    api.sandbox.configure(lost_results=False)
    api.sandbox.fault("lost_result", path="/result$", times=2)
    statuses = [api.get(f"{JOBS}/{job['jobId']}/result").status_code for _ in range(3)]
    assert statuses == [404, 404, 200]


@pytest.mark.parametrize("job_id", ["999999", "nope", "-1", "6f0c2a52-5d0b-4c1e-9d5e-0d6f6d2f7a11"])
def test_an_unknown_job(api: Api, job_id: str) -> None:
    for method, path in (("GET", ""), ("GET", "/result"), ("PUT", "/cancel")):
        reply = api(method, f"{JOBS}/{job_id}{path}")
        assert (reply.status_code, reply.json()) == (
            404,
            {"code": 404, "message": f"CSV job not found: {job_id}"},
        )


def test_jobs_of_others_are_for_admins_and_bots_only(api: Api) -> None:
    alice = Api(api.sandbox, api.sandbox.token("alice"))
    mine, theirs = alice.submit_export(), api.submit_export()
    for method, path in (("GET", ""), ("GET", "/result"), ("PUT", "/cancel")):
        reply = alice(method, f"{JOBS}/{theirs}{path}")
        assert (reply.status_code, reply.json()["message"]) == (403, "CSV job belongs to another user.")
    for token in (api.sandbox.admin_token, api.sandbox.bot_token):
        assert Api(api.sandbox, token).job(mine)["createdBy"] == "alice"
    assert [job["jobId"] for job in alice.json(JOBS)] == [mine]
    assert [job["jobId"] for job in api.json(JOBS)] == [theirs]


def test_lists_are_newest_first_and_bounded(api: Api) -> None:
    jobs = [api.submit_export("empty_pubsub") for _ in range(25)]
    listed = api.json(JOBS)
    assert isinstance(listed, list)
    assert [job["jobId"] for job in listed] == jobs[:4:-1]
    assert len(api.json(f"{JOBS}?limit=0")) == 1
    assert len(api.json(f"{JOBS}?limit=1000")) == 25


def test_only_the_last_hundred_log_lines_are_shown() -> None:
    with Sandbox(job_seconds=0) as sandbox:
        api = Api(sandbox)
        job_id = api.submit_import(many(10_100), dry_run="true")
        logs = api.job(job_id)["logs"]
        assert len(logs) == 100
        assert logs[-1]["message"] == "Import completed."


def test_results_are_released_after_a_day_or_five_newer_ones(api: Api) -> None:
    jobs = [finish(api, api.submit_export("edge.kafka"))["jobId"] for _ in range(7)]
    others = Api(api.sandbox, api.sandbox.admin_token)
    kept = finish(api, others.submit_export("edge.kafka"))["jobId"]

    def statuses() -> list[int]:
        return [others.get(f"{JOBS}/{job}/result").status_code for job in [*jobs, kept]]

    api.sandbox.advance_clock(300)
    assert statuses() == [404, 404, 200, 200, 200, 200, 200, 200]
    api.sandbox.advance_clock(DAY)
    assert statuses() == [404] * 8
    assert others.job(kept)["status"] == "COMPLETED"
    api.sandbox.advance_clock(6 * DAY + 600)
    assert [others.get(f"{JOBS}/{job}").status_code for job in [*jobs, kept]] == [404] * 8


def test_async_imports_have_limits_that_sync_ones_have_not(api: Api) -> None:
    path = f"{SERVICES}/name/sample_kafka/importAsync"
    lines = (HEADER + "\n" * 100_001).encode()
    reply = api("PUT", path, data=lines, headers=TEXT)
    expected = "CSV import payload has 100001 rows; the maximum allowed is 100000 rows."
    assert (reply.status_code, reply.json()["message"]) == (400, expected)
    large = f"{HEADER}\r\nx,,{'é' * 10_485_761},,,".encode()
    reply = api("PUT", path, data=large, headers=TEXT)
    expected = f"CSV import payload is {len(large)} bytes; the maximum allowed is 20971520 bytes."
    assert (reply.status_code, reply.json()["message"]) == (400, expected)
    assert api.load(lines, dry_run="true").json()["status"] == "success"


def test_without_the_job_api_ids_are_uuids_and_nothing_can_be_polled(api: Api) -> None:
    api.sandbox.configure(job_api=False)
    job_id = api.submit_import(many(2))
    assert len(job_id) == 36
    for path in (JOBS, f"{JOBS}/{job_id}", f"{JOBS}/{job_id}/result"):
        assert api.get(path).json() == {"code": 404, "message": "HTTP 404 Not Found"}
    api.sandbox.advance_clock(60)
    assert api.sandbox.services()["sample_kafka"] == 302


def test_a_job_whose_service_is_gone_fails(api: Api) -> None:
    job_id = api.submit_export("empty_pubsub")
    api("DELETE", f"{SERVICES}/name/empty_pubsub", params={"hardDelete": "true"})
    assert finish(api, job_id)["status"] == "FAILED"


def test_jobs_across_a_restart(tmp_path: Path) -> None:
    with Sandbox(data=tmp_path, job_seconds=30, running_clock=False) as sandbox:
        api = Api(sandbox)
        done = finish(api, api.submit_export("edge.kafka"))["jobId"]
        running = [api.submit_import(many(200)) for _ in range(3)]
        queued = api.submit_import(build_table(build_row("after_restart")))
        sandbox.advance_clock(16)
        assert [api.job(job)["status"] for job in [*running, queued]] == ["RUNNING"] * 3 + ["QUEUED"]
    with Sandbox(data=tmp_path, job_seconds=1, running_clock=False) as sandbox:
        api = Api(sandbox)
        assert read(api.get(f"{JOBS}/{done}/result").text)[0] == HEADER.split(",")
        sandbox.advance_clock(2)
        assert api.job(queued)["status"] == "COMPLETED"
        assert api.topic("sample_kafka.after_restart")["name"] == "after_restart"
        assert [api.job(job)["status"] for job in running] == ["RUNNING"] * 3
        sandbox.advance_clock(301)
        for job in running:
            failed = api.job(job)
            assert (failed["status"], failed["error"]) == (
                "FAILED",
                "Job stopped responding and was marked failed.",
            )
        assert int(api.submit_export()) > int(queued)

"""The sandbox with many services, which counts over its own restarts what it was asked to do."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import requests

from airflow_provider_om_messaging.sandbox import Sandbox
from tools.processes import find_free_port
from tools.real_airflow import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

BOT = "ingestion-bot"
SILENCE_SECONDS = 301
# First words of topics. The catalogue of an example DAG knows every second of them.
TOPICS = ("clicks", "checkout", "views", "invoices", "visits", "shipments", "errors")


class ServerOfMany:
    """
    The server, and as a witness what tasks have asked of it.

    :param folder: where it keeps its data over a restart.
    :param number: how many services it holds beside its own.
    """

    def __init__(self, folder: Path, number: int) -> None:
        self.services = [f"fleet_{index:02d}" for index in range(number)]
        self.sandbox = Sandbox(find_free_port(), folder, import_verdict="endpoint", job_seconds=1.0)
        self._earlier: list[dict[str, Any]] = []
        self._jobs_before: set[str] = set()
        self._session = requests.Session()
        self._session.trust_env = False

    def __enter__(self) -> ServerOfMany:
        self.sandbox.start()
        self._session.headers["Authorization"] = f"Bearer {self.sandbox.admin_token}"
        for index, service in enumerate(self.services):
            self.add_service(service, [f"{topic}.{index}" for topic in TOPICS[: 1 + index % len(TOPICS)]])
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()
        self.sandbox.stop()

    def add_service(self, service: str, topics: Iterable[str]) -> None:
        """Add a service with these topics, of which nothing but the names is known."""
        self._post("services/messagingServices", {"name": service, "serviceType": "Kafka"})
        for topic in topics:
            self._post("topics", {"name": topic, "service": service, "partitions": 1})

    def begin_anew(self) -> None:
        """Forget what was asked so far, and the jobs of that."""
        self._earlier.clear()
        self.sandbox.clear_journal()
        self._jobs_before |= {job["jobId"] for job in self.jobs()}

    def fault_of_submission(self, operation: str, service: str) -> None:
        """Let the next submission of a job (``export`` or ``import``) be carried out and not answered."""
        self.sandbox.fault("hang_after", path=f"/{service}/{operation}Async$")

    def fault_of_import_after_dry_run(self, service: str, timeout: float = PATIENCE) -> None:
        """Wait for a dry run that makes no job, and let what follows it be carried out and not answered."""
        deadline = time.monotonic() + timeout
        path = f"/{service}/import"
        while not any(entry["path"].endswith(path) and entry["status"] for entry in self.journal):
            assert time.monotonic() < deadline, f"nobody tries an import into {service}"
            time.sleep(0.1)
        self.sandbox.fault("hang_after", path=f"{path}$")

    def restart_in_the_middle_of_a_job(self, timeout: float = PATIENCE) -> set[str]:
        """
        Stop the server and start it anew on what it has kept; return the jobs that are lost by that.

        Five minutes later, which do not have to be waited for, it gives them up.
        """
        deadline, failed = time.monotonic() + timeout, self._in_state("FAILED")
        while not self._in_state("RUNNING"):
            assert time.monotonic() < deadline, "the server has nothing to do"
            time.sleep(0.1)
        self.sandbox.stop()
        self._earlier += self.sandbox.journal
        self.sandbox.start()
        self.sandbox.advance_clock(SILENCE_SECONDS)
        # More may have begun than were seen at work.
        return self._in_state("FAILED") - failed

    @property
    def journal(self) -> list[dict[str, Any]]:
        """Every request of a task, oldest first."""
        return [entry for entry in self._earlier + self.sandbox.journal if entry["user"] == BOT]

    def submissions(self, operation: str, service: str) -> list[dict[str, Any]]:
        """Return the requests that made a job: ``export`` or ``import``."""
        path = f"{service}/{operation}Async"
        return [entry for entry in self.journal if entry["path"].endswith(path)]

    def imports_at_once(self, service: str) -> list[dict[str, Any]]:
        """Return the requests that have imported something, which were no dry runs and made no job."""
        sent = [entry for entry in self.journal if entry["path"].endswith(f"{service}/import")]
        return [entry for entry in sent if entry["query"]["dryRun"] == "false"]

    def versions(self, service: str) -> dict[str, float]:
        """Return the version of each topic of a service: 0.1, and 0.1 more for each change."""
        topics = self._get(f"/api/v1/topics?service={quote(service)}").json()["data"]
        return {topic["name"]: topic["version"] for topic in topics}

    def list_jobs(self, operation: str, service: str) -> list[dict[str, Any]]:
        """Return the jobs (``export`` or ``import``) of a service, oldest first."""
        wanted = (operation.upper(), service)
        return [job for job in self.jobs() if (job["operation"], job["targetFqn"]) == wanted]

    def wait_for_jobs(
        self, operation: str, service: str, number: int, *, cancelled: int, timeout: float = PATIENCE
    ) -> None:
        """Wait until a service has ``number`` jobs, ``cancelled`` of them cancelled."""
        deadline = time.monotonic() + timeout
        while True:
            jobs = self.list_jobs(operation, service)
            if (len(jobs), len([job for job in jobs if job["cancelRequested"]])) == (number, cancelled):
                return
            assert time.monotonic() < deadline, f"not {number} jobs, {cancelled} of them cancelled: {jobs}"
            time.sleep(0.2)

    def wait_for_polls(self, operation: str, service: str, timeout: float = PATIENCE) -> None:
        """Wait until somebody has asked for the newest job of a service."""
        deadline = time.monotonic() + timeout
        while not (jobs := self.list_jobs(operation, service)) or not any(
            entry["path"].endswith(f"/csvAsyncJobs/{jobs[-1]['jobId']}") for entry in self.journal
        ):
            assert time.monotonic() < deadline, f"nobody waits for the {operation} of {service}"
            time.sleep(0.2)

    def gone_results(self) -> set[str]:
        """Return the jobs whose result was asked for when the server had thrown it away."""
        results = [entry for entry in self.journal if entry["path"].endswith("/result")]
        return {entry["path"].split("/")[-2] for entry in results if entry["status"] == 404}

    def jobs(self) -> list[dict[str, Any]]:
        """Return every job, oldest first."""
        # Tests ask again and again: not over HTTP, where each request makes the journal longer.
        jobs = self.sandbox._call_in_thread(
            lambda state: [job.to_document(with_verdict=False) for job in state.jobs.jobs.values()]
        )
        return sorted(
            (job for job in jobs if job["jobId"] not in self._jobs_before), key=lambda job: int(job["jobId"])
        )

    def export(self, service: str) -> bytes:
        """Return the service's CSV as it is now."""
        return self._get(f"/api/v1/services/messagingServices/name/{quote(service)}/export").content

    def _in_state(self, wanted: str) -> set[str]:
        return {job["jobId"] for job in self.jobs() if job["status"] == wanted}

    def _get(self, path: str) -> requests.Response:
        return _good(self._session.get(f"{self.sandbox.url}{path}", timeout=PATIENCE))

    def _post(self, path: str, body: dict[str, Any]) -> None:
        _good(self._session.post(f"{self.sandbox.url}/api/v1/{path}", json=body, timeout=PATIENCE))


def _good(reply: requests.Response) -> requests.Response:
    assert reply.ok, reply.text
    return reply

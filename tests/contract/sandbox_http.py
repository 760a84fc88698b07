"""What the sandbox's tests share: plain HTTP requests and the CSV and JSON in their replies."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox import Sandbox

SERVICES = "/v1/services/messagingServices"
HEADER = "name,displayName,description,owner,tags,domain"
TEXT = {"Content-Type": "text/plain; charset=UTF-8"}
PATCH = {"Content-Type": "application/json-patch+json"}


class Api:
    """Requests to one sandbox in the name of one token."""

    def __init__(self, sandbox: Sandbox, token: str | None = None) -> None:
        self.sandbox = sandbox
        self.token = sandbox.bot_token if token is None else token

    def __call__(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **options: Any
    ) -> requests.Response:
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return requests.request(
            method,
            self.sandbox.url + "/api" + path,
            headers={**sent, **(headers or {})},
            timeout=300,
            **options,
        )

    def get(self, path: str, **options: Any) -> requests.Response:
        return self("GET", path, **options)

    def json(self, path: str, **options: Any) -> Any:
        reply = self.get(path, **options)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def service(self, fqn: str = "sample_kafka", fields: str = "") -> Any:
        return self.json(f"{SERVICES}/name/{fqn}", params={"fields": fields})

    def topic(self, fqn: str, fields: str = "*") -> Any:
        return self.json(f"/v1/topics/name/{fqn}", params={"fields": fields})

    def patch(self, path: str, *operations: dict[str, Any], **headers: str) -> requests.Response:
        return self("PATCH", path, data=json.dumps(operations), headers={**PATCH, **headers})

    def export(self, fqn: str = "sample_kafka") -> str:
        reply = self.get(f"{SERVICES}/name/{fqn}/export")
        assert reply.status_code == 200, reply.text
        return reply.content.decode("utf-8")

    def load(
        self, text: str | bytes, fqn: str = "sample_kafka", dry_run: str | None = "false"
    ) -> requests.Response:
        body = text.encode("utf-8") if isinstance(text, str) else text
        params = {} if dry_run is None else {"dryRun": dry_run}
        return self("PUT", f"{SERVICES}/name/{fqn}/import", params=params, data=body, headers=TEXT)

    def submit_import(self, text: str, fqn: str = "sample_kafka", dry_run: str = "false") -> str:
        path = f"{SERVICES}/name/{fqn}/importAsync"
        reply = self("PUT", path, params={"dryRun": dry_run}, data=text.encode("utf-8"), headers=TEXT)
        assert reply.status_code == 200, reply.text
        return str(reply.json()["jobId"])

    def submit_export(self, fqn: str = "sample_kafka") -> str:
        reply = self.get(f"{SERVICES}/name/{fqn}/exportAsync")
        assert reply.status_code == 202, reply.text
        return str(reply.json()["jobId"])

    def job(self, job_id: str) -> Any:
        return self.json(f"/v1/csvAsyncJobs/{job_id}")


def build_row(
    name: str,
    display_name: str = "",
    description: str = "",
    owner: str = "",
    tags: str = "",
    domain: str = "",
) -> str:
    """Return one CSV line."""
    out = io.StringIO()
    csv.writer(out).writerow([name, display_name, description, owner, tags, domain])
    return out.getvalue()


def build_table(*rows: str) -> str:
    """Return a CSV text with the documented header."""
    return HEADER + "\r\n" + "".join(rows)


def read(text: str) -> list[list[str]]:
    """Return the records of a CSV text as Python's own reader sees them."""
    return list(csv.reader(io.StringIO(text, newline="")))


def list_outcomes(result: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Return each imported row's status and details by topic name."""
    return {line[2]: (line[0], line[1]) for line in read(result["importResultsCsv"])[1:]}

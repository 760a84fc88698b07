"""What an import answers."""

from __future__ import annotations

from typing import Any

from tests.contract.sandbox_http import Api, build_table, read


def import_text(
    api: Api, text: str | bytes, dry_run: str | None = "false", fqn: str = "sample_kafka"
) -> dict[str, Any]:
    reply = api.load(text, fqn, dry_run)
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


def get_counts(answer: dict[str, Any]) -> tuple[str, int, int, int]:
    names = ("numberOfRowsProcessed", "numberOfRowsPassed", "numberOfRowsFailed")
    processed, passed, failed = (answer[name] for name in names)
    return answer["status"], processed, passed, failed


def get_details(api: Api, text: str) -> str:
    """Return what is said about the only row, which has to fail."""
    answer = import_text(api, build_table(text), "true")
    assert get_counts(answer) == ("failure", 1, 0, 1)
    status, words = read(answer["importResultsCsv"])[1][:2]
    assert status == "failure"
    return words

"""What a task returned, in a few words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[2]
_WIDTH = 100


def summarize(value: Any) -> str:
    """Return a cell of the demo's table for a task's XCom."""
    if isinstance(value, str):
        text = value.replace(f"file://{_ROOT}/", "")
        return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"
    if isinstance(value, list):
        return f"{len(value)} to do"
    if not isinstance(value, dict):
        return ""
    for key, words in _BY_KEY.items():
        if key in value:
            return words(value)
    return ""


def _versions(value: dict[str, Any]) -> str:
    return f"{len(value['versions'])} versions, the newest is {value['versions'][0]['version']}"


def _plan(value: dict[str, Any]) -> str:
    return f"{value['changed']} rows changed, {value['created']} created, {value['absent']} absent"


def _patch(value: dict[str, Any]) -> str:
    fields = ", ".join(value["fields"])
    if value["version"] != value["version_before"]:
        return f"version {value['version_before']} became {value['version']}: {fields}"
    return f"would change {fields}" if fields else "nothing to change"


def _job(value: dict[str, Any]) -> str:
    return f"job {value['job_id']} ({value['operation'].lower()}) {value['status'].lower()}"


def _import(value: dict[str, Any]) -> str:
    what = "dry run" if value["dry_run"] else "import"
    if value["status"] == "submitted":
        return f"{what} submitted, job {value['job_id']}"
    if value["rows_passed"] is None:
        return f"{what} done, the server does not tell its verdict"
    verified = f", {value['verified']} rows verified" if value.get("verified") is not None else ""
    return (
        f"{what} {value['status']}, {value['rows_passed']} of {value['rows_processed']} rows passed{verified}"
    )


def _export(value: dict[str, Any]) -> str:
    if "rows" not in value:
        return f"metadata of the service, {value['bytes']} bytes"
    if value["rows"] is None:
        return f"export submitted, job {value['job_id']}"
    return f"{value['rows']} rows, {value['bytes']} bytes"


# The key that tells one kind of result from the others; the first that is there decides.
_BY_KEY = {
    "versions": _versions,
    "absent": _plan,
    "version_before": _patch,
    "operation": _job,
    "rows_processed": _import,
    "bytes": _export,
}

"""The four CSV routes that the vendor documents for messaging services."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_om_messaging.sandbox.access import rights
from airflow_provider_om_messaging.sandbox.csv.dialect import MalformedCsvError
from airflow_provider_om_messaging.sandbox.csv.topics import ImportRun, export_in_batches, run_to_end
from airflow_provider_om_messaging.sandbox.entity_types.registry import SERVICE, Document
from airflow_provider_om_messaging.sandbox.http.errors import bad_request, unhandled_error
from airflow_provider_om_messaging.sandbox.http.router import TEXT, Call, Reply, Route, parse_charset

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox.state import SandboxState


def list_routes() -> list[Route]:
    """Return the routes; in an open-source server they do not exist."""
    base = f"v1/{SERVICE.collection}/name/{{fqn}}"
    imports = ("dryRun", "recursive")
    return [
        Route("GET", f"{base}/export", _export, ("recursive",), produces=TEXT, exists=_has_csv_routes),
        Route("GET", f"{base}/exportAsync", _export_async, ("recursive",), exists=_has_csv_routes),
        Route("PUT", f"{base}/import", _import, imports, consumes=TEXT, exists=_has_csv_routes),
        Route("PUT", f"{base}/importAsync", _import_async, imports, consumes=TEXT, exists=_has_csv_routes),
    ]


def _has_csv_routes(state: SandboxState) -> bool:
    return state.switches.csv_routes


async def _export(call: Call) -> Reply:
    text: str = run_to_end(export_in_batches(call.state.catalog, _find_service(call)))
    named = "; charset=UTF-8" if call.state.switches.export_charset else ""
    return Reply(text.encode("utf-8", "replace"), content_type=TEXT + named)


async def _export_async(call: Call) -> Reply:
    job = call.state.jobs.submit_export(_find_service(call), call.caller["name"])
    return Reply({"jobId": job.job_id, "message": "Export initiated successfully."}, 202)


async def _import(call: Call) -> Reply:
    service = _find_service(call)
    rights.require(call.caller, "EditAll")
    dry_run = call.read_flag("dryRun", True)
    user = call.caller["name"]
    run = ImportRun(
        call.state.catalog, call.state.generation, service, _read_text(call), dry_run=dry_run, user=user
    )
    try:
        return Reply(run_to_end(run.import_in_batches()))
    except MalformedCsvError as error:
        raise unhandled_error(str(error)) from None


async def _import_async(call: Call) -> Reply:
    service = _find_service(call)
    rights.require(call.caller, "EditAll")
    text = _read_text(call)
    generation = call.state.generation
    size, lines = len(text.encode("utf-8", "replace")), text.count("\n")
    if generation.async_max_bytes is not None and size > generation.async_max_bytes:
        raise bad_request(
            f"CSV import payload is {size} bytes; the maximum allowed is {generation.async_max_bytes} bytes."
        )
    if generation.async_max_lines is not None and lines > generation.async_max_lines:
        raise bad_request(
            f"CSV import payload has {lines} rows; the maximum allowed is {generation.async_max_lines} rows."
        )
    dry_run = call.read_flag("dryRun", True)
    job = call.state.jobs.submit_import(service, call.caller["name"], text, dry_run=dry_run)
    return Reply({"jobId": job.job_id, "message": "Import is in progress."})


def _find_service(call: Call) -> Document:
    return call.state.catalog.get_by_name(SERVICE.name, call.path["fqn"])


def _read_text(call: Call) -> str:
    """Return the body as text; bytes that are not of its charset become U+FFFD without complaint."""
    try:
        return call.body.decode(parse_charset(call.headers.get("Content-Type", "")), "replace")
    except (LookupError, UnicodeError):
        return call.body.decode("utf-8", "replace")

"""The routes of async CSV jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_om_messaging.sandbox.http.errors import ApiError, bad_request, forbidden, no_route
from airflow_provider_om_messaging.sandbox.http.router import CSV, Call, Reply, Route

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox.entity_types.registry import Document
    from airflow_provider_om_messaging.sandbox.jobs.job import Job
    from airflow_provider_om_messaging.sandbox.state import SandboxState

DEFAULT_LIMIT = 20
MAX_LIMIT = 100


def list_routes() -> list[Route]:
    """Return the routes; servers before 2.0 do not have them."""
    base = "v1/csvAsyncJobs"
    return [
        Route("GET", base, _list, ("limit",), exists=_has_job_routes),
        Route("GET", f"{base}/{{job}}", _get, exists=_has_job_routes),
        Route("GET", f"{base}/{{job}}/result", _get_result, produces=CSV, exists=_has_job_routes),
        Route("GET", f"{base}/{{job}}/importResult", _get_import_result, exists=_has_import_result),
        Route("PUT", f"{base}/{{job}}/cancel", _cancel, exists=_has_job_routes),
    ]


def _has_job_routes(state: SandboxState) -> bool:
    return state.switches.job_api


def _has_import_result(state: SandboxState) -> bool:
    return state.switches.job_api and state.switches.import_verdict == "endpoint"


async def _list(call: Call) -> Reply:
    try:
        limit = int(call.query.get("limit", DEFAULT_LIMIT))
    except ValueError:
        raise no_route() from None
    jobs = call.state.jobs.list_user_jobs(call.caller["name"], min(max(limit, 1), MAX_LIMIT))
    return Reply([{**_render_job(call, job), "result": None} for job in jobs])


async def _get(call: Call) -> Reply:
    return Reply(_render_job(call, _find_job(call)))


async def _get_result(call: Call) -> Reply:
    job = _find_job(call)
    if job.operation != "EXPORT" or job.status != "COMPLETED":
        raise bad_request(f"CSV job {job.job_id} is not a completed export; it has no downloadable result.")
    if job.export is None or call.state.switches.lost_results:
        raise make_lost_result_error(job.job_id)
    # No charset is named, though the bytes are UTF-8.
    return Reply(job.export.encode("utf-8", "replace"), content_type=CSV)


async def _get_import_result(call: Call) -> Reply:
    job = _find_job(call)
    if job.operation != "IMPORT" or job.status != "COMPLETED":
        raise bad_request(f"CSV job {job.job_id} is not a completed import; it has no import result.")
    if job.verdict is None or call.state.switches.lost_results:
        raise make_lost_result_error(job.job_id)
    return Reply(job.verdict)


async def _cancel(call: Call) -> Reply:
    job = _find_job(call)
    call.state.jobs.cancel(job)
    return Reply(_render_job(call, job))


def _find_job(call: Call) -> Job:
    job = call.state.jobs.get(call.path["job"])
    if job is None:
        raise ApiError(404, f"CSV job not found: {call.path['job']}")
    if job.created_by != call.caller["name"] and not (call.caller.get("isAdmin") or call.caller.get("isBot")):
        raise forbidden("CSV job belongs to another user.")
    return job


def _render_job(call: Call, job: Job) -> Document:
    return job.to_document(with_verdict=call.state.switches.import_verdict == "job")


def make_lost_result_error(job_id: str) -> ApiError:
    """Return the 404 of a result that was released, or that lies on another node."""
    text = (
        f"The result of CSV job {job_id} is no longer available; "
        "it may have been released to reclaim storage. Run the export again."
    )
    return ApiError(404, text)

"""A server that does nothing but answer how jobs stand, fast enough not to be what is measured.

``/api/v1/csvAsyncJobs`` as OpenMetadata 2.0 has it: three workers take the oldest jobs first, the others are
queued. ``/waiting/<job>`` for tools that wait for anything but a 404; ``/count`` how many requests came;
``PUT /end/oldest`` ends the oldest job that runs, ``PUT /end/any`` one from anywhere in the queue, as a
server with another order would; both tell its id.
"""

from __future__ import annotations

import json
import random
import sys
import time

from aiohttp import web

LISTED = 100
WORKERS = 3


def main(port: int, number: int) -> None:
    """Serve jobs 1 to ``number`` on the loopback interface."""
    oldest = requests = 0
    out_of_turn: set[int] = set()
    chance = random.Random(number)  # noqa: S311  # the same jobs at each run
    began = time.monotonic()

    def is_over(job_id: int) -> bool:
        return job_id <= oldest or job_id in out_of_turn

    def describe_job(job_id: int) -> str:
        status = "RUNNING" if job_id <= oldest + WORKERS else "QUEUED"
        status = "COMPLETED" if is_over(job_id) else status
        lines, progress = ["Export queued."], 0
        if status != "QUEUED":
            progress = int(time.monotonic() - began)
            lines += [f"Exported {n}00 of 120000 entities (batch {n})" for n in range(progress + 1)]
        logs = [{"logId": f"{job_id}-{i}", "level": "INFO", "message": text} for i, text in enumerate(lines)]
        return json.dumps(
            {
                "jobId": str(job_id),
                "operation": "EXPORT",
                "targetFqn": "orders",
                "status": status,
                "progress": 100 * progress,
                "total": 120_000,
                "message": lines[-1],
                "createdAt": 1_790_000_000_000 + job_id,
                "logs": logs[-100:],
            }
        )

    async def list_jobs(_: web.Request) -> web.Response:
        nonlocal requests
        requests += 1
        newest = range(number, max(0, number - LISTED), -1)
        return web.Response(text=f"[{','.join(map(describe_job, newest))}]", content_type="application/json")

    async def get_job(request: web.Request) -> web.Response:
        nonlocal requests
        requests += 1
        return web.Response(
            text=describe_job(int(request.match_info["job"])), content_type="application/json"
        )

    async def check_job(request: web.Request) -> web.Response:
        nonlocal requests
        requests += 1
        return web.Response(status=200 if is_over(int(request.match_info["job"])) else 404)

    async def count(_: web.Request) -> web.Response:
        return web.Response(text=str(requests))

    async def end_oldest(_: web.Request) -> web.Response:
        nonlocal oldest
        oldest += 1
        return web.Response(text=str(oldest))

    async def end_any(_: web.Request) -> web.Response:
        queued = [job_id for job_id in range(oldest + WORKERS + 1, number + 1) if not is_over(job_id)]
        job_id = chance.choice(queued)
        out_of_turn.add(job_id)
        return web.Response(text=str(job_id))

    app = web.Application()
    app.router.add_get("/api/v1/csvAsyncJobs", list_jobs)
    app.router.add_get("/api/v1/csvAsyncJobs/{job}", get_job)
    app.router.add_get("/waiting/{job}", check_job)
    app.router.add_get("/count", count)
    app.router.add_put("/end/oldest", end_oldest)
    app.router.add_put("/end/any", end_any)
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=lambda _: print("ready", flush=True))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))

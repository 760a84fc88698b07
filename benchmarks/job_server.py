"""
A server that does nothing but answer how jobs stand, fast enough not to be what is measured.

``/api/v1/csvAsyncJobs`` as OpenMetadata 2.0 has it; ``/waiting/<job>`` for tools that wait for anything but a
404; ``/count`` how many requests came; ``PUT /end/<job>`` ends a job.
"""

from __future__ import annotations

import json
import sys

from aiohttp import web

LISTED = 100


def main(port: int, number: int) -> None:
    """Serve jobs 1 to ``number``, all running, on the loopback interface."""
    ended: set[int] = set()
    requests = 0

    def shown(job_id: int) -> str:
        lines = ["Export queued.", "Export started.", "Exported 100 of 1200 entities (batch 1)"]
        logs = [{"logId": f"{job_id}-{i}", "level": "INFO", "message": text} for i, text in enumerate(lines)]
        return json.dumps(
            {
                "jobId": str(job_id),
                "operation": "EXPORT",
                "targetFqn": "orders",
                "status": "COMPLETED" if job_id in ended else "RUNNING",
                "progress": 300,
                "total": 1200,
                "message": lines[-1],
                "createdAt": 1_790_000_000_000 + job_id,
                "logs": logs,
            }
        )

    async def listed(_: web.Request) -> web.Response:
        nonlocal requests
        requests += 1
        newest = range(number, max(0, number - LISTED), -1)
        return web.Response(text=f"[{','.join(map(shown, newest))}]", content_type="application/json")

    async def single(request: web.Request) -> web.Response:
        nonlocal requests
        requests += 1
        return web.Response(text=shown(int(request.match_info["job"])), content_type="application/json")

    async def waiting(request: web.Request) -> web.Response:
        nonlocal requests
        requests += 1
        return web.Response(status=200 if int(request.match_info["job"]) in ended else 404)

    async def count(_: web.Request) -> web.Response:
        return web.Response(text=str(requests))

    async def end(request: web.Request) -> web.Response:
        ended.add(int(request.match_info["job"]))
        return web.Response()

    app = web.Application()
    app.router.add_get("/api/v1/csvAsyncJobs", listed)
    app.router.add_get("/api/v1/csvAsyncJobs/{job}", single)
    app.router.add_get("/waiting/{job}", waiting)
    app.router.add_get("/count", count)
    app.router.add_put("/end/{job}", end)
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=lambda _: print("ready", flush=True))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))

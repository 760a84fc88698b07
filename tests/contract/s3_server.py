"""A real S3 API on loopback, which can be told to refuse a part of an upload."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator


class S3Server:
    """The server while it runs; ``refused_part`` is the number of a part that gets 403."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.refused_part = 0
        self.writes: list[str] = []


@contextmanager
def s3_server() -> Iterator[S3Server]:
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log_request(self, *_: Any, **__: Any) -> None:
            """Leave the output to what a failed test has to say."""

    application = DomainDispatcherApplication(create_backend_app)
    server = S3Server("")

    def serve(environ: dict[str, Any], start_response: Any) -> Any:
        part = parse_qs(environ.get("QUERY_STRING", "")).get("partNumber", [""])[0]
        if environ["REQUEST_METHOD"] in {"PUT", "POST"}:
            server.writes.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} {part}".strip())
        if part and int(part) == server.refused_part:
            start_response("403 Forbidden", [("Content-Length", "0")])
            return [b""]
        return application(environ, start_response)

    running = make_server("127.0.0.1", 0, serve, threaded=True, request_handler=Quiet)
    server.url = f"http://127.0.0.1:{running.server_port}"
    thread = threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        # What is stored belongs to the process, and would be there for the next server too.
        requests.post(f"{server.url}/moto-api/reset", timeout=60).raise_for_status()
        yield server
    finally:
        running.shutdown()
        running.server_close()
        thread.join()

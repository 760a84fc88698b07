"""A reply with status 200 that is no good CSV takes the place of nothing, whichever way a download goes."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.common.compat.sdk import ObjectStoragePath
from fsspec.implementations.memory import MemoryFileSystem

from airflow_provider_om_messaging.exceptions import ServerUnavailableError, UnexpectedReplyError
from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator
from airflow_provider_om_messaging.operators.job_result import CsvJobResultOperator
from tests.contract.lying_servers import build_whole_answer, serve_lies
from tests.in_airflow.running import run
from tests.object_storage import attach_bucket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

YESTERDAY = b"name,displayName,description,owner,tags,domain\r\nold,,,,,\r\n"
GOOD = b"name,displayName,description,owner,tags,domain\r\norders,,New,,,\r\n"
GZIP = b"Content-Encoding: gzip"
BAD: dict[str, tuple[bytes, ...]] = {
    "error text": (b"upstream connect error or disconnect/reset before headers",),
    "gzip that ends early": (gzip.compress(GOOD)[:-4], GZIP),
    "half of a gzip": (gzip.compress(GOOD * 50)[:60], GZIP),
    "not UTF-8": (GOOD + b"caf\xe9,,,,,\r\n",),
    "NUL": (GOOD + b"a\0b,,,,,\r\n",),
    "ragged": (GOOD + b"payments,,\r\n",),
    "JSON after a byte order mark": (b'\xef\xbb\xbf{"message": "no"}',),
    "an open quote": (GOOD + b'payments,"Never closed,,,,\r\n',),
    "HTML": (b"<!doctype html><title>Sign in</title>",),
    "another table": (b"id,status\r\n1,ok\r\n",),
    "nothing": (b"",),
}
ID = "b5a3bd9e-5a0e-4c0b-9c3b-0d7c4e1f2a3b"
JOB = {"jobId": ID, "operation": "EXPORT", "status": "COMPLETED", "targetFqn": "kafka"}


def server(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> Callable[[str], Iterable[bytes]]:
    """Answer as a server whose exports, by request and by job, are this body."""

    def answer(path: str) -> Iterable[bytes]:
        route = path.partition("?")[0].removeprefix("/api/v1/")
        documents: dict[str, Any] = {
            "system/version": {"version": "2.0.1"},
            "services/messagingServices/name/kafka/exportAsync": JOB,
            "csvAsyncJobs": [JOB],
            f"csvAsyncJobs/{ID}": JOB,
        }
        if route in {"services/messagingServices/name/kafka/export", f"csvAsyncJobs/{ID}/result"}:
            return build_whole_answer(body, *headers, status=status)
        if route in documents:
            return build_whole_answer(json.dumps(documents[route]).encode())
        return build_whole_answer(b'{"code": 404, "message": "HTTP 404 Not Found"}', status=b"404 Not Found")

    return answer


def download(route: str, destination: str | None) -> Any:
    """Let an operator fetch the export in one of the ways that there are."""
    given: dict[str, Any] = {"task_id": "t", "destination": destination}
    if route == "job result":
        return run(CsvJobResultOperator(job_id=ID, **given))
    ways: dict[str, dict[str, Any]] = {
        "request": {},
        "job": {"asynchronous": True, "poll_interval": 0.01},
        "deferred job": {"asynchronous": True, "deferrable": True, "poll_interval": 0.01},
    }
    return run(ExportMessagingServiceOperator(service="kafka", engine="server", **given, **ways[route]))


@pytest.fixture
def destinations(tmp_path: Path) -> dict[str, ObjectStoragePath]:
    """Return where yesterday's exports lie, as users write it: files and objects, compressed and not."""
    bucket = attach_bucket(MemoryFileSystem())
    written = {}
    for name in ("topics.csv", "topics.csv.gz"):
        written[f"{tmp_path}/{name}"] = ObjectStoragePath(f"file://{tmp_path}/{name}")
        url = f"{bucket}/{name}"
        written[url] = ObjectStoragePath(url)
    for path in written.values():
        path.write_bytes(gzip.compress(YESTERDAY) if path.name.endswith(".gz") else YESTERDAY)
    return written


@pytest.mark.parametrize("route", ["request", "job", "deferred job", "job result"])
@pytest.mark.parametrize("bad", BAD)
def test_nothing_old_is_replaced(
    monkeypatch: pytest.MonkeyPatch,
    destinations: dict[str, ObjectStoragePath],
    tmp_path: Path,
    bad: str,
    route: str,
) -> None:
    before = [path.read_bytes() for path in destinations.values()]
    with serve_lies(server(*BAD[bad]), keeps_alive=True) as liar:
        connect(monkeypatch, liar.url)
        for destination in (*destinations, None):
            with pytest.raises((UnexpectedReplyError, ServerUnavailableError)):
                download(route, destination)
    assert [path.read_bytes() for path in destinations.values()] == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["topics.csv", "topics.csv.gz"]


@pytest.mark.parametrize("route", ["request", "job", "deferred job", "job result"])
def test_a_good_one_takes_its_place(
    monkeypatch: pytest.MonkeyPatch, destinations: dict[str, ObjectStoragePath], route: str
) -> None:
    with serve_lies(server(gzip.compress(GOOD), GZIP), keeps_alive=True) as liar:
        connect(monkeypatch, liar.url)
        for destination, path in destinations.items():
            assert download(route, destination)["rows"] == 1
            written = path.read_bytes()
            assert (gzip.decompress(written) if path.name.endswith(".gz") else written) == GOOD
        assert download(route, None)["csv"] == GOOD.decode()


@pytest.mark.parametrize("route", ["request", "job", "deferred job", "job result"])
@pytest.mark.parametrize(
    "status", [b"201 Created", b"202 Accepted", b"203 Transformed", b"206 Partial Content"]
)
def test_good_content_with_another_status_may_be_a_part_of_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, status: bytes, route: str
) -> None:
    (tmp_path / "topics.csv").write_bytes(YESTERDAY)
    with serve_lies(server(GOOD, status=status), keeps_alive=True) as liar:
        connect(monkeypatch, liar.url)
        for destination in (str(tmp_path / "topics.csv"), None):
            expected = (
                rf"answered status {status[:3].decode()} in place of the content .* Check the connection's"
            )
            with pytest.raises(UnexpectedReplyError, match=expected):
                download(route, destination)
    assert (tmp_path / "topics.csv").read_bytes() == YESTERDAY


def connect(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    connection = {
        "conn_type": "om_messaging",
        "host": url,
        "password": "x",
    }
    monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", json.dumps(connection))

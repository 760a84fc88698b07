"""Spoiled replies: each value of each JSON reply that an operator or a hook reads is replaced by others.

What a server says is recorded once, over HTTP, and played back with one value spoiled. Nothing but the
package's own errors may come of it.
"""

from __future__ import annotations

import asyncio
import copy
import json
import re
import time
import traceback
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.common.compat.sdk import AirflowSkipException

import airflow_provider_om_messaging
from airflow_provider_om_messaging.client import capabilities
from airflow_provider_om_messaging.client.transport.aio import AsyncClient
from airflow_provider_om_messaging.client.transport.sync import Client
from airflow_provider_om_messaging.exceptions import OpenMetadataError
from airflow_provider_om_messaging.hooks.messaging import (
    OpenMetadataMessagingAsyncHook,
    OpenMetadataMessagingHook,
)
from airflow_provider_om_messaging.protocol.wire.errors import read_result
from airflow_provider_om_messaging.protocol.wire.message import Reply
from airflow_provider_om_messaging.sandbox import Sandbox
from tests.in_airflow.servers import matrix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

PACKAGE = str(Path(airflow_provider_om_messaging.__file__).parent)
SERVERS = [("2.0", "documented"), ("2.0", "open-source"), ("1.6", "open-source"), ("1.2", "open-source")]
MISSING = object()
INSTEAD: list[Any] = [MISSING, None, True, -1.5, "x", [None], {"x": [1]}]
"""What stands in the place of a value."""
SAMPLE = "orders_redpanda"
LONGEST_LIST = 2
"""Items of a list that are spoiled: the others are like them."""

Key = tuple[str, str, str]
"""What was asked: method, path and query."""


@dataclass(frozen=True)
class Case:
    """
    One value to spoil.

    :param key: what was asked.
    :param number: which reply to it.
    :param path: where in the reply.
    :param value: what stands there instead.
    """

    key: Key
    number: int
    path: tuple[str | int, ...]
    value: Any

    def spoil(self, document: Any) -> Any:
        """Return a copy of a reply's document with the value in its place."""
        document = {"": copy.deepcopy(document)}
        *way, last = ("", *self.path)
        place = document
        for step in way:
            place = place[step]
        if self.value is MISSING:
            del place[last]
        else:
            place[last] = self.value
        return document.get("")

    def __str__(self) -> str:
        value = "nothing" if self.value is MISSING else json.dumps(self.value)
        return f"{value} at /{'/'.join(map(str, self.path))} of reply {self.number} to {' '.join(self.key)}"


class Recording:
    """
    What a server answered while something was done, in the order of each question.

    :param work: does it.
    """

    def __init__(self, work: Callable[[], object]) -> None:
        self.work = work
        self.replies: dict[Key, list[Reply]] = defaultdict(list)
        recorders = {
            (Client, "_read_reply"): self._record,
            (Client, "download"): self._record_download,
            (AsyncClient, "_read"): self._record_async,
        }
        with _replaced(recorders):
            self.error = _run(work)

    def cases(self) -> Iterator[Case]:
        """Yield all that can be spoiled."""
        for key, replies in self.replies.items():
            for number, reply in enumerate(replies):
                try:
                    document = json.loads(reply.body)
                except ValueError:
                    continue
                for path in _list_paths(document):
                    for value in INSTEAD:
                        if path or value is not MISSING:
                            yield Case(key, number, path, value)

    def try_case(self, case: Case | None) -> str | None:
        """Do it again with one value spoiled, and return what foreign error came out."""
        asked: dict[Key, int] = defaultdict(int)

        def answer(request: Any) -> Reply:
            key = _find_key(request)
            number = asked[key]
            asked[key] += 1
            if key not in self.replies:
                return Reply(404, {}, b'{"code": 404, "message": "nothing is recorded of that"}')
            reply = self.replies[key][min(number, len(self.replies[key]) - 1)]
            if case is None or (key, number) != (case.key, case.number):
                return reply
            return replace(reply, body=json.dumps(case.spoil(json.loads(reply.body))).encode())

        def read(_: Any, __: Client, request: Any, *___: Any) -> Any:
            return read_result(request, answer(request))

        async def read_async(_: Any, __: AsyncClient, request: Any) -> Reply:
            return answer(request)

        @contextmanager
        def download(_: Any, __: Client, request: Any) -> Iterator[Iterator[bytes]]:
            yield iter([read_result(replace(request, read=lambda reply: reply.body), answer(request))])

        played = {
            (Client, "_read"): read,
            (Client, "download"): download,
            (AsyncClient, "_read"): read_async,
        }
        with _replaced(played):
            return _run(self.work)

    def _record(self, original: Any, client: Client, request: Any, *args: Any) -> Reply:
        reply: Reply = original(client, request, *args)
        self.replies[_find_key(request)].append(reply)
        return reply

    async def _record_async(self, original: Any, client: AsyncClient, request: Any) -> Reply:
        reply: Reply = await original(client, request)
        self.replies[_find_key(request)].append(replace(reply, headers=dict(reply.headers)))
        return reply

    @contextmanager
    def _record_download(self, original: Any, client: Client, request: Any) -> Iterator[Iterator[bytes]]:
        with original(client, request) as chunks:
            body = b"".join(chunks)
            self.replies[_find_key(request)].append(Reply(200, {}, body))
            yield iter([body])


def list_works() -> dict[str, Callable[[str], object]]:
    """Return what is done to a service: by each operator, in each way, and by methods of the hooks."""
    found: dict[str, Callable[[str], object]] = {case.title: case.work for case in matrix.cases()}
    for columns in ("extended", "schema_fields"):
        found[f"export, {columns}"] = _bind(_export_sample, columns=columns)
        found[f"import, {columns}"] = _bind(_import_changed, columns=columns)
    found["topics"] = _patch_topic
    found["hook"] = _call_hook
    found["async hook"] = _call_async_hook
    return found


def _bind(work: Callable[..., object], **options: Any) -> Callable[[str], object]:
    return lambda service: work(service, **options)


def _export_sample(_: str, columns: str) -> None:
    matrix.export_rows(SAMPLE, columns=columns)


def _import_changed(_: str, columns: str) -> None:
    service = SAMPLE
    hook = OpenMetadataMessagingHook()
    engine = hook.engine("client", columns=columns)
    text = hook.export_csv(service, engine=engine)
    for dry_run in (True, False):
        hook.import_csv(service, text.replace(",,", ",another,", 2), dry_run, engine=engine)


def _patch_topic(_: str) -> None:
    hook, topic = OpenMetadataMessagingHook(), f"{SAMPLE}.orders-created"
    done = hook.patch_service(topic, changes=matrix.CHANGES, entity="topic")
    hook.list_versions(topic, entity="topic")
    hook.restore_service(topic, journal=done["journal"], entity="topic")
    operations = [{"op": "add", "path": "/tags/-", "value": {"tagFQN": "PII.None"}}]
    hook.patch_service(topic, operations=operations, entity="topic")


def _call_hook(service: str) -> None:
    hook = OpenMetadataMessagingHook()
    hook.test_connection()
    entity = hook.get_service(service, ["owners", "tags", "domains"])
    hook.canonical_fqn(str(entity["id"]))
    hook.list_services(owner="team:data-platform", tag="PII.None", domain="Finance")
    hook.get_version(service, 0.1)
    if hook.job_route() == "rest":
        job_id = hook.submit_export(service)
        hook.list_jobs()
        hook.cancel_job(job_id)
        hook.get_job(job_id)


def _call_async_hook(service: str) -> None:
    if OpenMetadataMessagingHook().job_route() != "rest":
        return
    job_id = OpenMetadataMessagingHook().submit_export(service)

    async def call() -> None:
        hook = OpenMetadataMessagingAsyncHook()
        await hook.list_jobs()
        await hook.get_job(job_id)
        await hook.cancel_job(job_id)

    asyncio.run(call())


@contextmanager
def record_server(
    generation: str, edition: str, works: Mapping[str, Callable[[str], object]]
) -> Iterator[dict[str, Recording]]:
    """Record what a server answers to each of these, and hand that out for playing it."""
    with pytest.MonkeyPatch.context() as patch:
        with Sandbox(
            generation=generation, edition=edition, services=len(works), job_start_delay=0, job_seconds=0
        ) as server:
            patch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", server.airflow_connection())
            recordings = {
                name: Recording(_bind_service(work, f"team_{number:05}"))
                for number, (name, work) in enumerate(works.items(), 1)
            }
        yield recordings


def sweep() -> tuple[int, list[str]]:
    """Try all cases of each server; return how many, and each foreign error with a case that shows it."""
    tried, found = 0, dict[str, str]()
    for server in SERVERS:
        with record_server(*server, list_works()) as recordings:
            for name, recording in _drop_repeated(recordings).items():
                for case in recording.cases():
                    tried += 1
                    if (error := recording.try_case(case)) is not None:
                        found.setdefault(error, f"{name} on {server}: {case}\n{error}")
    return tried, list(found.values())


def _drop_repeated(recordings: Mapping[str, Recording]) -> dict[str, Recording]:
    """Return the recordings without those that asked the same as another, in another way of waiting."""
    found = {}
    for name, recording in recordings.items():
        operation = name.partition(",")[0]
        asked = tuple(
            (method, re.sub(r"team_\d+", "", path), query) for method, path, query in recording.replies
        )
        found.setdefault((operation, asked, tuple(map(len, recording.replies.values()))), (name, recording))
    return dict(found.values())


def _bind_service(work: Callable[[str], object], service: str) -> Callable[[], object]:
    return lambda: work(service)


def _run(work: Callable[[], object]) -> str | None:
    """Do something without pauses, and return what foreign error came out of the package."""
    capabilities._forget_all()
    late = 0.0

    def sleep(_: Any, seconds: float) -> None:
        nonlocal late
        late += seconds

    clocks = {(time, name): lambda original: original() + late for name in ("time", "monotonic")}
    try:
        with _replaced({(time, "sleep"): sleep, **clocks}):
            work()
    except (OpenMetadataError, AirflowSkipException):
        pass
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        if any(frame.filename.startswith(PACKAGE) for frame in frames):
            return "".join(traceback.format_exception(error)[-3:])
    return None


def _find_key(request: Any) -> Key:
    return request.method, request.path, "&".join(f"{name}={value}" for name, value in request.query.items())


def _list_paths(document: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    items: list[tuple[Any, Any]] = []
    if isinstance(document, dict):
        items = list(document.items())
    elif isinstance(document, list):
        items = list(enumerate(document[:LONGEST_LIST]))
    for step, item in items:
        yield from _list_paths(item, (*path, step))


def _with_original(function: Any, original: Any) -> Any:
    return lambda *args, **kwargs: function(original, *args, **kwargs)


@contextmanager
def _replaced(members: Mapping[tuple[Any, str], Any]) -> Iterator[None]:
    """Replace functions for a while by some that are given the original first."""
    kept = {place: getattr(*place) for place in members}
    try:
        for (owner, name), function in members.items():
            setattr(owner, name, _with_original(function, kept[owner, name]))
        yield
    finally:
        for (owner, name), original in kept.items():
            setattr(owner, name, original)

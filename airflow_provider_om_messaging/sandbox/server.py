"""The sandbox as an object: a server in a thread of its own."""

from __future__ import annotations

import asyncio
import copy
import json
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

from aiohttp import web

from airflow_provider_om_messaging.sandbox.access import rights
from airflow_provider_om_messaging.sandbox.faults import Fault
from airflow_provider_om_messaging.sandbox.generations import choose_generation
from airflow_provider_om_messaging.sandbox.http.app import App
from airflow_provider_om_messaging.sandbox.persistence import StateStore
from airflow_provider_om_messaging.sandbox.seed.bulk_data import BulkData
from airflow_provider_om_messaging.sandbox.state import SandboxState
from airflow_provider_om_messaging.sandbox.switches import Switches

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

HOST = "127.0.0.1"
#: How often jobs are looked at without anybody asking, in seconds.
TICK_SECONDS = 0.05
CONNECTION_TYPE = "om_messaging"

T = TypeVar("T")


class PortTaken(Exception):
    """Another program listens on the wanted port."""


class Sandbox:
    """
    A stand-in OpenMetadata server on this machine.

    Use it as a context manager, or call :meth:`start` and :meth:`stop`. All methods may be called from any
    thread.

    :param port: where to listen; 0 picks a free port.
    :param data: a directory or ``.json`` file to keep the state in; without, every start is a fresh one.
    :param generation: which generation of servers to be one of: ``2.0``, ``1.13``, ``1.6`` or
        ``1.2``.
    :param edition: ``documented``, or ``open-source`` for a server without CSV routes for messaging services.
    :param topics: number of topics in a service ``big_kafka``, for tests at scale.
    :param services: number of further services, of few topics each.
    :param switches: what kind of server to be, see :class:`Switches`; generation and edition set those that
        are not given.
    """

    def __init__(
        self,
        port: int = 0,
        data: str | Path | None = None,
        *,
        generation: str = "2.0",
        edition: str = "documented",
        topics: int = 0,
        services: int = 0,
        **switches: Any,
    ) -> None:
        self._port = port
        self._data = data
        self._generation, defaults = choose_generation(generation, edition)
        self._bulk_data = BulkData(topics, services)
        self.edition = edition
        self._switches = Switches()
        self._switches.update(**{**defaults, **switches})
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._state: SandboxState | None = None
        self._app: App | None = None
        self.url = ""

    # -- life

    def start(self) -> Sandbox:
        """
        Start and return once the server listens.

        :raises PortTaken: when it cannot listen.
        :raises DataError: when the kept data cannot be used.
        """
        if self._thread is not None:
            raise RuntimeError("the sandbox runs already")
        ready: Future[str] = Future()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="om-sandbox", daemon=True)
        self._thread.start()
        try:
            self.url = ready.result()
        except BaseException:
            self._thread.join()
            self._thread = None
            raise
        return self

    def stop(self) -> None:
        """Stop, keep the data, and wait until all is done; does nothing when it is not running."""
        thread, self._thread = self._thread, None
        if thread is None or self._loop is None or self._stopping is None:
            return
        self._loop.call_soon_threadsafe(self._stopping.set)
        thread.join()

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def generation(self) -> str:
        """The generation of servers it is one of."""
        return self._generation.name

    @property
    def version(self) -> str:
        """The version the server claims to be."""
        return self._generation.version

    # -- tokens and connection

    @property
    def admin_token(self) -> str:
        """Token of the user ``admin``, who may do everything; never expires."""
        return self._running_state.admin_token

    @property
    def bot_token(self) -> str:
        """The one valid token of the bot ``ingestion-bot``; never expires."""
        return self._running_state.bot_token

    @property
    def read_only_token(self) -> str:
        """Token of the user ``reader``, who may look at everything but connections; never expires."""
        return self._running_state.read_only_token

    @property
    def person_token(self) -> str:
        """
        Token of the user ``jo``, a person without a role of their own; never expires.

        They may look at everything and change descriptions and tags, and create nothing.
        """
        return self._running_state.person_token

    def token(
        self,
        user: str = "admin",
        expires_in: float | None = 3600,
        signed_by: str = "own",
        kid: str | None = None,
    ) -> str:
        """
        Return a new token in any state.

        :param user: name of a user of the sandbox. A bot has one token at a time, so a second one for the bot
            is answered as superseded.
        :param expires_in: seconds by the sandbox's clock; negative is expired already, ``None`` is for ever.
        :param signed_by: ``own``, or ``stranger`` for a key the server does not know.
        :param kid: key id in the token's header, if not the server's own.
        """
        return self._call_in_thread(
            lambda state: state.create_token(user, expires_in, signed_by=signed_by, kid=kid)
        )

    def supersede_bot_token(self) -> str:
        """Give the bot a new token and return it; the old one is refused from now on."""
        return self._call_in_thread(lambda state: state.supersede_bot_token())

    def grant(self, user: str, *roles: str) -> None:
        """
        Give a user roles in place of those that there were.

        :param roles: ``DataConsumer``, ``DataSteward``; ``IngestionBotRole``, with which a bot may not change
            display names; ``Organization``, with which one may change what is one's own.
        """
        self._call_in_thread(lambda state: rights.grant(state.catalog, state.get_user(user), roles))

    def airflow_connection(self, token: str | None = None) -> str:
        """
        Return JSON for ``AIRFLOW_CONN_OM_MESSAGING_DEFAULT``.

        :param token: the password, or whose token is to be it: ``admin``, ``bot``, ``read-only`` or
            ``person``. Any other text is sent as it is, for tests of tokens that no server takes.
        """
        tokens = {
            "admin": self.admin_token,
            "bot": self.bot_token,
            "read-only": self.read_only_token,
            "person": self.person_token,
        }
        password = self.bot_token if token is None else tokens.get(token.replace("_", "-"), token)
        return json.dumps({"conn_type": CONNECTION_TYPE, "host": self.url, "password": password})

    # -- steering

    def configure(self, **switches: Any) -> None:
        """Change switches; see :class:`Switches`."""
        self._call_in_thread(lambda state: state.switches.update(**switches))

    def fault(
        self,
        kind: str,
        *,
        times: int = 1,
        method: str | None = None,
        path: str | None = None,
        retry_after: int = 1,
    ) -> None:
        """
        Let the next requests fail.

        :param kind: what happens, one of ``faults.KINDS``.
        :param times: how many matching requests get it.
        :param method: only this HTTP method.
        :param path: only paths below ``/api`` in which this regular expression is found.
        :param retry_after: seconds for the ``Retry-After`` header of 429 and 503.
        """
        fault = Fault(kind, times=times, method=method, path=path, retry_after=retry_after)
        self._call_in_thread(lambda state: state.faults.add(fault))

    def clear_faults(self) -> None:
        """Forget all faults and let go of requests that hang."""
        self._call_in_thread(lambda state: state.faults.clear())

    def close_sockets(self) -> None:
        """Close every open socket, as a server that restarts does."""
        if self._app and self._loop:
            asyncio.run_coroutine_threadsafe(self._app.close_sockets(), self._loop).result()

    def advance_clock(self, seconds: float) -> None:
        """Put the server's clock forward; jobs, tokens and versions live by it."""
        self._call_in_thread(lambda state: state.advance_clock(seconds))

    @property
    def journal(self) -> list[dict[str, Any]]:
        """
        Every API request so far, oldest first.

        ``status`` is ``None`` where no reply was sent. ``notes`` lists what a real server lets pass, but a
        good client does not send.
        """
        return self._call_in_thread(lambda state: copy.deepcopy(state.journal))

    def clear_journal(self) -> None:
        """Forget the requests so far."""
        self._call_in_thread(lambda state: state.journal.clear())

    def services(self) -> dict[str, int]:
        """Return the FQNs of the messaging services with their numbers of topics."""
        return self._call_in_thread(lambda state: state.count_topics())

    # -- inside

    @property
    def _running_state(self) -> SandboxState:
        if self._state is None:
            raise RuntimeError("the sandbox was never started")
        return self._state

    def _call_in_thread(self, action: Callable[[SandboxState], T]) -> T:
        """Run an action in the thread of the state, so that no request sees it half done."""
        state = self._running_state
        if self._thread is None or self._loop is None:
            return action(state)
        result: Future[T] = Future()

        def run() -> None:
            try:
                result.set_result(action(state))
            except BaseException as error:
                result.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return result.result()

    def _run(self, ready: Future[str]) -> None:
        try:
            asyncio.run(self._serve(ready))
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)

    async def _serve(self, ready: Future[str]) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        store = StateStore(self._data) if self._data is not None else None
        try:
            state = self._state = SandboxState(
                self._switches,
                store,
                generation=self._generation,
                edition=self.edition,
                bulk_data=self._bulk_data,
            )
            await self._listen(state, self._stopping, ready)
            state.save()
        finally:
            if store:
                store.close()

    async def _listen(self, state: SandboxState, stopping: asyncio.Event, ready: Future[str]) -> None:
        app = self._app = App(state)
        runner = web.AppRunner(app.build_application(), access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        try:
            try:
                await web.TCPSite(runner, HOST, self._port).start()
            except OSError as error:
                raise PortTaken(f"cannot listen on {HOST}:{self._port}: {error.strerror}") from None
            ready.set_result(f"http://{HOST}:{runner.addresses[0][1]}")
            await self._tick_until_stopped(state, app, stopping)
        finally:
            self._app = None
            await app.close()
            await runner.cleanup()

    async def _tick_until_stopped(self, state: SandboxState, app: App, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            state.tick()
            await app.deliver()
            try:
                await asyncio.wait_for(stopping.wait(), TICK_SECONDS)
            except asyncio.TimeoutError:
                continue

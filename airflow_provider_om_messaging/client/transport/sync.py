"""The protocol over requests, for workers."""

from __future__ import annotations

import logging
import os
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError

from airflow_provider_om_messaging.client.transport.environment import find_route
from airflow_provider_om_messaging.client.transport.jitter import draw_jitter
from airflow_provider_om_messaging.client.transport.secrets import Secret, strip_frames
from airflow_provider_om_messaging.client.transport.timed_http import TimedAdapter, limit_total_time
from airflow_provider_om_messaging.client.transport.user_agent import USER_AGENT
from airflow_provider_om_messaging.protocol.wire.body import Body as ReplyBody
from airflow_provider_om_messaging.protocol.wire.content_coding import ACCEPTED, CodingError, decode
from airflow_provider_om_messaging.protocol.wire.errors import find_fault, make_connection_fault, read_result
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.message import Reply, Request, make_unexpected_reply_fault
from airflow_provider_om_messaging.protocol.wire.printable import end_sentence
from airflow_provider_om_messaging.protocol.wire.redaction import replace_secrets
from airflow_provider_om_messaging.protocol.wire.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_provider_om_messaging.client.transport.settings import Settings, Token

T = TypeVar("T")
R = TypeVar("R")
Body = bytes | IO[bytes] | None
MOST_CONNECTIONS = 64
"""Connections that are kept open: as many as there are requests at a time at most."""
CHUNK = 256 * 1024
"""Bytes that are read from a socket or sent at a time."""
_FRAMING = {"content-length", "transfer-encoding", "content-encoding"}
"""Fields of a header that show where a reply ends; without them, that its connection has ended is all."""

log = logging.getLogger(__name__)


class Client:
    """
    Sends requests to one server and reads the replies.

    :param settings: how to reach it.
    :param retry: which failed reads are tried again.
    """

    def __init__(self, settings: Settings, retry: RetryPolicy | None = None) -> None:
        self.settings = settings
        self.retry = retry or RetryPolicy()
        self._session: requests.Session | None = None
        self._process = 0

    @property
    def session(self) -> requests.Session:
        """The connections of this process: after a fork, two would read each other's replies from one."""
        if self._session is None or self._process != os.getpid():
            self._session, self._process = _build_session(self.settings), os.getpid()
        return self._session

    def call(
        self,
        request: Request[T],
        body: Body = None,
        retry: RetryPolicy | None = None,
        within: float = float("inf"),
    ) -> T:
        """
        Send a request and return what its reply says.

        :param body: the body to send; an open file is streamed from where it stands.
        :param retry: another patience than the client's own.
        :param within: seconds after which each try is given up; the settings may say less.
        :raises Fault: named after its cause.
        """
        if body is None or isinstance(body, bytes):
            return self._call_with_retries(request, lambda: self._read(request, body, within), retry)
        start = body.tell()

        def rewind_body() -> T:
            body.seek(start)
            return self._read(request, body, within)

        return self._call_with_retries(request, rewind_body, retry)

    @contextmanager
    def download(self, request: Request[Any]) -> Iterator[Iterator[bytes]]:
        """
        Send a request and hand out the body of its reply as it arrives.

        Only what precedes the body is retried.

        :raises Fault: named after its cause, also while the body is read.
        """
        response = self._call_with_retries(request, lambda: self._open(request))
        try:
            yield self._read_chunks(response)
        finally:
            response.close()

    def _call_with_retries(
        self, request: Request[Any], send: Callable[[], R], retry: RetryPolicy | None = None
    ) -> R:
        policy = retry or self.retry
        tried, reloaded = 0, False
        while True:
            tried += 1
            try:
                return send()
            except Fault as fault:
                if fault.cause is Cause.UNAUTHORIZED and not reloaded and self.settings.token.reload():
                    reloaded = True
                    continue
                pause = policy.compute_pause(request, fault, tried, draw_jitter())
                if pause is None:
                    fault.may_have_worked &= not request.safe
                    raise
                log.info("%s Trying again in %.1f seconds.", end_sentence(fault.message), pause)
            time.sleep(pause)

    def _read(self, request: Request[T], body: Body, within: float) -> T:
        with self._send(request, body, within) as response:
            reply = self._read_reply(request, response, body)
        return read_result(request, reply)

    def _open(self, request: Request[Any]) -> requests.Response:
        response = self._send(request, None, renewed=True)
        try:
            if response.status_code != requests.codes.ok or "html" in response.headers.get(
                "Content-Type", ""
            ):
                reply = self._read_reply(request, response)
                raise find_fault(request, reply) or make_unexpected_reply_fault(
                    f"status {reply.status} in place of the content of a file"
                )
        except BaseException:
            response.close()
            raise
        return response

    def _read_chunks(self, response: requests.Response) -> Iterator[bytes]:
        # A server may cut its reply into pieces as small as it likes.
        held, size, last = list[bytes](), 0, b"\n"
        for part in self._iterate_body(response):
            last = part[-1:]
            held.append(part)
            size += len(part)
            if size >= CHUNK:
                yield b"".join(held)
                held, size = [], 0
        if last not in b"\r\n" and not _FRAMING & {name.lower() for name in response.headers}:
            raise make_connection_fault("dropped", self.settings.address, "its last line has no end")
        if held:
            yield b"".join(held)

    def _iterate_body(self, response: requests.Response) -> Iterator[bytes]:
        """Yield the body without its content coding, as it comes, and check that it ends where it should."""
        with self._name_faults():
            yield from decode(self._check_framing(response), response.headers.get("Content-Encoding", ""))

    def _check_framing(self, response: requests.Response) -> Iterator[bytes]:
        received, announced = 0, self._read_announced_size(response)
        for chunk in response.raw.stream(CHUNK, decode_content=False):
            received += len(chunk)
            yield chunk
        # urllib3 before 2.0 does not look.
        if announced is not None and received != announced:
            raise make_connection_fault(
                "dropped", self.settings.address, f"{received} of {announced} bytes came"
            )

    def _read_announced_size(self, response: requests.Response) -> int | None:
        """Return how many bytes are to come; None if their end shows in another way."""
        text = response.headers.get("Content-Length")
        if text is None or "Transfer-Encoding" in response.headers:
            return None
        # Blanks around it and the same one twice are allowed (RFC 9110, 5.5 and 8.6).
        size, *others = {part.strip(" \t") for part in text.split(",")}
        if others or not (size.isascii() and size.isdecimal()):
            # urllib3 would take whatever comes until the connection ends.
            raise make_connection_fault(
                "damaged", self.settings.address, f"its length is said to be {text!r}"
            )
        return int(size)

    def _read_reply(self, request: Request[Any], response: requests.Response, body: Body = None) -> Reply:
        headers = {name.lower(): value for name, value in response.headers.items()}
        taken = ReplyBody(request, response.status_code, headers, _read_size(body))
        for piece in self._iterate_body(response):
            if not taken.take(piece):
                break
        content = taken.join_pieces()
        if response.status_code != requests.codes.ok:
            content = replace_secrets(content, self.settings.secrets)
        return Reply(response.status_code, headers, content)

    def _send(
        self, request: Request[Any], body: Body, within: float = float("inf"), *, renewed: bool = False
    ) -> requests.Response:
        silence = min(self.settings.read_timeout, request.longest_silence, within)
        timeout = (min(self.settings.connect_timeout, within), silence)
        try:
            # A large reply may begin late and then takes its time.
            with self._name_faults(), limit_total_time(min(2 * silence, within), renewed=renewed):
                return self._send_once(request, body, timeout)
        except Fault:
            raise
        except BaseException as error:
            # As when the task's time is over: the library's frames hold the token as bytes.
            raise strip_frames(error) from None

    def _send_once(
        self, request: Request[Any], body: Body, timeout: tuple[float, float]
    ) -> requests.Response:
        return self.session.request(
            request.method,
            self.settings.base_url + request.path,
            params=request.query,
            headers=request.headers,
            data=body if body is None or isinstance(body, bytes) else _BlockReader(body),
            stream=True,
            # A token must not travel to where a redirect points, and a redirected PUT would become a GET.
            allow_redirects=False,
            timeout=timeout,
        )

    @contextmanager
    def _name_faults(self) -> Iterator[None]:
        try:
            yield
        except CodingError as error:
            raise make_connection_fault("damaged", self.settings.address, str(error)) from None
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            # Some numbers that a server sends are used without a look at them.
            detail = replace_secrets(
                _find_first_cause(error).encode("utf-8", "replace"), self.settings.secrets
            )
            text = detail.decode("utf-8", "replace")
            strip_frames(error)
            raise make_connection_fault(_find_problem(error), self.settings.address, text) from None


class _BlockReader:
    """An open file to be sent: read in blocks of its own size, because those of the HTTP library are tiny."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, _: int = -1) -> bytes:
        return self._file.read(CHUNK)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class _BearerAuth(AuthBase):
    """
    Sets the token of now on each request to the server, and on no other.

    Without an auth object, a ~/.netrc entry would win.
    """

    def __init__(self, base_url: str, token: Token) -> None:
        self._server = _read_origin(base_url)
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if _read_origin(request.url or "") == self._server:
            request.headers["Authorization"] = Secret(f"Bearer {self._token.value}")
        return request


def _read_origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _build_session(settings: Settings) -> requests.Session:
    route = find_route(settings)
    session = requests.Session()
    session.trust_env = False  # all that counts of the environment is in the route
    session.auth = _BearerAuth(settings.base_url, settings.token)
    session.headers["User-Agent"] = USER_AGENT
    session.headers["Accept-Encoding"] = ACCEPTED
    session.verify = route.verify
    if settings.client_cert:
        session.cert = (
            (settings.client_cert, settings.client_key) if settings.client_key else settings.client_cert
        )
    if route.proxy:
        session.proxies = {"http": route.proxy, "https": route.proxy}
    adapter = TimedAdapter(pool_maxsize=MOST_CONNECTIONS)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _read_size(body: Body) -> int:
    if body is None or isinstance(body, bytes):
        return len(body or b"")
    return body.tell()  # all of it was sent


def _find_problem(error: Exception) -> str:
    text = str(error)
    if isinstance(error, requests.exceptions.SSLError):
        return "tls"
    if isinstance(error, requests.exceptions.ProxyError):
        return "proxy"
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return "connect_timeout"
    if isinstance(error, requests.exceptions.ReadTimeout) or "Read timed out" in text:
        return "read_timeout"
    if "NameResolutionError" in text or "getaddrinfo" in text or "Name or service not known" in text:
        return "unknown_host"
    if "Connection refused" in text:
        return "refused"
    if isinstance(error, OSError) and not isinstance(error, requests.RequestException):
        return "tls" if "certificate" in text.lower() or "TLS" in text else "dropped"
    return "dropped"


def _find_first_cause(error: BaseException) -> str:
    """Return the words of the first cause: the outer layers only repeat it between addresses of objects."""
    while error.args and isinstance(error.args[0], BaseException):
        error = error.args[0]
    reason = getattr(error, "reason", None)
    if isinstance(reason, BaseException):
        return _find_first_cause(reason)
    text = str(error.args[-1] if error.args else error)
    # Which object says it is left out, as older and newer releases of urllib3 write it.
    return text.rpartition(">: ")[2].rpartition("): ")[2]

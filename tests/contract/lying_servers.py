"""Servers that send whatever they like, byte by byte, to whoever asks."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import pytest

    Answer = Callable[[str], Iterable[bytes]]

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
JOB = json.dumps({"jobId": "7", "operation": "EXPORT", "status": "RUNNING"}).encode()


class Liar:
    """
    Answers each request by what ``answer`` yields, until that ends or the client has gone.

    :param answer: takes the path of a request.
    :param pause: seconds between two pieces.
    """

    def __init__(self, answer: Answer, pause: float = 0.0) -> None:
        self._answer, self._pause = answer, pause
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.paths: list[str] = []
        self.peers: list[tuple[str, int]] = []
        self.sent = self.pieces = 0

    def serve(self) -> None:
        """Accept connections until the socket is closed."""
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self, client: socket.socket) -> None:
        # A reply that nobody reads must not keep this thread.
        client.settimeout(5)
        with client, suppress(OSError):
            while head := _head(client):
                self.paths.append(head.split(b" ")[1].decode())
                self.peers.append(client.getpeername())
                for piece in self._answer(self.paths[-1]):
                    client.sendall(piece)
                    self.pieces, self.sent = self.pieces + 1, self.sent + len(piece)
                    time.sleep(self._pause)
                if not self.keeps_alive:
                    return

    keeps_alive = False


def _head(client: socket.socket) -> bytes:
    text = b""
    while b"\r\n\r\n" not in text:
        if not (chunk := client.recv(65536)):
            return b""
        text += chunk
    return text


@contextmanager
def serve_lies(answer: Answer, pause: float = 0.0, *, keeps_alive: bool = False) -> Iterator[Liar]:
    """Run such a server."""
    liar = Liar(answer, pause)
    liar.keeps_alive = keeps_alive
    thread = threading.Thread(target=liar.serve, daemon=True)
    thread.start()
    try:
        yield liar
    finally:
        liar.close()
        thread.join()


def build_whole_answer(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> list[bytes]:
    """Return an answer that keeps to the rules."""
    lines = [b"HTTP/1.1 " + status, b"Content-Type: application/json", b"Content-Length: %d" % len(body)]
    return [b"\r\n".join([*lines, *headers, b"", b""]) + body]


def format_chunk(body: bytes) -> bytes:
    """Return a part of a chunked body."""
    return b"%x\r\n%s\r\n" % (len(body), body)


def connect_to(liar: Liar, monkeypatch: pytest.MonkeyPatch, **extra: Any) -> str:
    """Let Airflow know a connection to a liar, and return its id."""
    shape = {"conn_type": "om_messaging", "host": liar.url, "password": "t", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_LIAR", json.dumps(shape))
    return "liar"

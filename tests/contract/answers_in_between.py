"""Something between client and server that answers some requests itself, byte by byte as it is told to."""

from __future__ import annotations

import re
import socket
import struct
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

RESET = b"<reset>"
"""At the end of an answer: the connection is reset there."""


class Between:
    """
    Passes requests on, but for those that it was told to answer.

    :param server: URL of the server behind.
    """

    def __init__(self, server: str) -> None:
        self._server = (urlsplit(server).hostname or "", urlsplit(server).port or 80)
        self._answers: list[bytes] = []
        self._path = re.compile("")
        self.answered, self.answered_at = 0, 0.0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def answer(self, path: str, *answers: bytes) -> None:
        """Give the next requests to a path these answers, one each."""
        self._path, self._answers = re.compile(path), list(answers)

    def serve(self) -> None:
        """Accept connections, of one request each, until the socket is closed."""
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self, client: socket.socket) -> None:
        with client:
            head, _, body = _read_until(client, b"\r\n\r\n").partition(b"\r\n\r\n")
            if not head:
                return
            length = re.search(rb"(?i)content-length: *(\d+)", head)
            while length and len(body) < int(length[1]):
                body += client.recv(65536)
            path = head.split(b" ")[1].decode()
            if self._answers and self._path.search(path):
                self.answered, self.answered_at = self.answered + 1, time.time()
                self._give(client, self._answers.pop(0))
                return
            with socket.create_connection(self._server) as server:
                lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
                server.sendall(b"\r\n".join([*lines, b"Connection: close", b"", b""]) + body)
                while chunk := server.recv(65536):
                    client.sendall(chunk)

    def _give(self, client: socket.socket, answer: bytes) -> None:
        text, reset, _ = answer.partition(RESET)
        client.sendall(text)
        if reset:
            # Closing does not say goodbye then, but sends a reset.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _read_until(client: socket.socket, end: bytes) -> bytes:
    text = b""
    while end not in text and (chunk := client.recv(65536)):
        text += chunk
    return text


def format_http(
    status: int, body: bytes = b"", content_type: str = "application/json", **headers: str
) -> bytes:
    """Return an HTTP answer."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Type: {content_type}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body


@contextmanager
def between(server: str) -> Iterator[Between]:
    """Stand before a server."""
    one = Between(server)
    thread = threading.Thread(target=one.serve, daemon=True)
    thread.start()
    try:
        yield one
    finally:
        one.close()
        thread.join()

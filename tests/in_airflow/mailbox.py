"""A mail server that keeps what it gets."""

from __future__ import annotations

import email
import email.policy
import json
import threading
from contextlib import contextmanager
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage


class Mailbox(ThreadingTCPServer):
    """Takes every mail without asking who sends it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.mails: list[EmailMessage] = []

    def airflow_connection(self) -> str:
        """Return the connection for Airflow's SMTP hook."""
        extra = {"disable_ssl": True, "disable_tls": True, "from_email": "airflow@example.org"}
        return json.dumps(
            {"conn_type": "smtp", "host": "127.0.0.1", "port": self.server_address[1], "extra": extra}
        )


class _Session(StreamRequestHandler):
    server: Mailbox

    def handle(self) -> None:
        self._reply("220 mailbox")
        while line := self.rfile.readline().strip().upper():
            if line == b"DATA":
                self._reply("354 go on")
                lines = iter(self.rfile.readline, b".\r\n")
                mail = b"".join(line.removeprefix(b".") for line in lines)
                self.server.mails.append(email.message_from_bytes(mail, policy=email.policy.default))
            self._reply("221 bye" if line == b"QUIT" else "250 fine")

    def _reply(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def open_mailbox() -> Iterator[Mailbox]:
    with Mailbox() as mailbox:
        thread = threading.Thread(target=mailbox.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield mailbox
        finally:
            mailbox.shutdown()
            thread.join()

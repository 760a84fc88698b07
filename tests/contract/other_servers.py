"""Servers that are not OpenMetadata, or are reached in unusual ways."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import socketserver
import ssl
import threading
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from email.message import Message
    from pathlib import Path


@dataclass(frozen=True)
class TlsFiles:
    """
    A server's certificate.

    :param authority: what a client has to trust.
    :param chain: certificate and key, for the server.
    """

    authority: Path
    chain: Path


def tls_files(folder: Path) -> TlsFiles:
    """Make a self-signed certificate for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    text = certificate.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    files = TlsFiles(folder / "ca.pem", folder / "server.pem")
    files.authority.write_bytes(text)
    files.chain.write_bytes(text + secret)
    return files


@contextmanager
def serve_reply(
    status: int,
    body: bytes,
    content_type: str,
    headers: Mapping[str, str] | None = None,
    tls: TlsFiles | None = None,
    *,
    wants_certificate: bool = False,
    received: list[Message] | None = None,
) -> Iterator[str]:
    """
    Give the same answer to everything, and hand out the address.

    :param wants_certificate: over TLS, of whoever asks, signed by the same authority.
    :param received: takes the headers of each request.
    """

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            if received is not None:
                received.append(self.headers)
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_PATCH = answer

        def log_message(self, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            pass  # A client that refuses a certificate is what some tests are about.

    server = Server(("127.0.0.1", 0), Handler)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls.chain)
        if wants_certificate:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(tls.authority)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def send_bytes(reply: bytes) -> Iterator[str]:
    """Send these very bytes to every request, then close the connection; hand out the address."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline().strip():
                pass
            self.wfile.write(reply)

    class Server(socketserver.ThreadingTCPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            pass  # A client that has seen enough does not wait for the rest.

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def serve_application(app: web.Application, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Serve an application in a thread, with whose end all tasks of it end, and hand out the port."""
    ready: Future[tuple[int, Callable[[], object]]] = Future()

    async def serve() -> None:
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        loop, stopping = asyncio.get_running_loop(), asyncio.Event()
        ready.set_result((int(runner.addresses[0][1]), partial(loop.call_soon_threadsafe, stopping.set)))
        await stopping.wait()
        await runner.cleanup()

    with ThreadPoolExecutor(1) as threads:
        served = threads.submit(lambda: asyncio.run(serve()))
        wait((ready, served), return_when=FIRST_COMPLETED)
        if served.done():
            served.result()
        port, stop = ready.result()
        try:
            yield port
        finally:
            stop()
            served.result()

"""The largest reply that is read into memory: no server decides how much of it a task takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_om_messaging.protocol.wire.message import Request

LONGEST_ERROR = 1024 * 1024
"""Bytes of an error or a web page that are looked at; the rest is not read."""

MOST_INTERIM = 20
"""Interim replies (1xx) before the reply itself; a server sends one or two."""

ENDLESS_INTERIM = "interim replies that do not end"

_ECHOES = 4
"""Times that the verdict on a file may be as long as the file: it repeats the rows, with a word on each."""


class Body:
    """
    The body of one reply, which is taken piece by piece and decompressed.

    :param request: what was asked.
    :param status: of the reply.
    :param headers: of the reply, which are found by their names in lower case.
    :param sent: bytes that the request sent.
    """

    def __init__(self, request: Request[Any], status: int, headers: Mapping[str, str], sent: int = 0) -> None:
        self._request = request
        self._refused = status >= 300 or "html" in headers.get("content-type", "").lower()
        self._largest = LONGEST_ERROR if self._refused else request.largest + _ECHOES * sent
        self._pieces: list[bytes] = []
        self._size = 0

    def take(self, piece: bytes) -> bool:
        """
        Take the next piece, and return whether more is wanted.

        :raises Fault: it is too much.
        """
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size <= self._largest:
            return True
        if self._refused:
            return False
        raise Fault(
            Cause.UNEXPECTED_REPLY,
            f"The server answered more than {self._largest:,} bytes when asked for {self._request.feature}, "
            "which is more than any such reply takes. The rest was not read.",
        )

    def join_pieces(self) -> bytes:
        """Return what was taken."""
        return b"".join(self._pieces)[: self._largest]

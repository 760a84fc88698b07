"""A request to send and a reply that came back: all that the two transports have to know."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.json_values import LimitError, parse_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")

MAX_REPLY_BYTES = 8 * 1024 * 1024
"""Bytes of a reply about one thing."""
BYTES_PER_ITEM = 64 * 1024
"""Bytes that each thing in a list takes at most on average: topics come with their schemas."""


def limit_size(items: int) -> int:
    """Return how large a reply may be that lists so many things, in bytes."""
    return MAX_REPLY_BYTES + BYTES_PER_ITEM * items


@dataclass(frozen=True)
class Reply:
    """
    What a server answered.

    :param status: the HTTP status.
    :param headers: header fields, which are found by their names in lower case.
    :param body: the whole body, decompressed.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = b""

    def is_html(self) -> bool:
        """Return whether this is a web page: of a login, a proxy, or the server's own user interface."""
        start = self.body[:512].lstrip().lower()
        return "text/html" in self.headers.get("content-type", "").lower() or start.startswith(
            (b"<!doctype html", b"<html")
        )

    def parse_json(self) -> Any:
        """
        Return the body as JSON.

        :raises Fault: the body is something else, or goes beyond what a server would send.
        """
        try:
            return parse_json(self.body)
        except LimitError as error:
            raise make_unexpected_reply_fault(str(error)) from None
        except ValueError:
            raise make_unexpected_reply_fault("something that is not JSON") from None

    def parse_json_object(self) -> dict[str, Any]:
        """
        Return the body as a JSON object.

        :raises Fault: the body is something else.
        """
        value = self.parse_json()
        if not isinstance(value, dict):
            raise make_unexpected_reply_fault("JSON that is not an object")
        return value


@dataclass(frozen=True)
class Request(Generic[T]):
    """
    One call of the API.

    :param method: the HTTP method.
    :param path: the path below the base URL, percent-encoded.
    :param read: makes the result out of a successful reply.
    :param feature: what the server cannot do if it has no such route, as a noun phrase.
    :param query: query parameters.
    :param headers: header fields beside those that every request has.
    :param safe: whether repeating it changes nothing, so that it may be tried again after a fault.
    :param largest: bytes that its reply takes at most, decompressed. Downloads have no such limit.
    :param longest_silence: seconds without a byte from the server after which it is given up; the settings
        may say less.
    """

    method: str
    path: str
    read: Callable[[Reply], T]
    feature: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    safe: bool = False
    longest_silence: float = float("inf")
    largest: int = MAX_REPLY_BYTES


def make_unexpected_reply_fault(what: str) -> Fault:
    """Return the fault for a reply that no OpenMetadata server would send."""
    return Fault(
        Cause.UNEXPECTED_REPLY,
        f"This is not an OpenMetadata API: it answered {what}. Check the connection's Host, with a whole "
        "address such as https://acme.getcollate.io/api there, and whether a login page or proxy stands "
        "before the server.",
    )

"""Faults to order: the next requests that match meet them."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

#: What happens, in one line each; the command line and ``/_sandbox`` show this table.
KINDS = {
    "403": "the token's user lacks the right",
    "500": "an unhandled exception",
    "502": "a proxy's HTML page: bad gateway",
    "503": "database deadlock, with Retry-After",
    "504": "a proxy's HTML page: gateway timeout",
    "429": "too many, with Retry-After",
    "html": "200 with an HTML page in place of the reply, as a login proxy does",
    "leak": "500 whose text quotes connection secrets, as failing PATCHes did",
    "drop": "the connection closes without a reply and nothing is carried out",
    "drop_after": "the request is carried out, then the connection closes without a reply",
    "cut": "the request is carried out, then the connection closes in the middle of the body",
    "hang": "no reply until the client gives up or faults are cleared",
    "hang_after": "the request is carried out, then no reply until the client gives up or faults are cleared",
    "lost_result": "404: the job's result is no longer available",
}

#: Kinds that let the request have its effect first.
AFTER = frozenset({"drop_after", "cut", "hang_after"})


@dataclass
class Fault:
    """
    One order.

    :param kind: a key of ``KINDS``.
    :param times: how many matching requests still get it.
    :param method: only this HTTP method.
    :param path: only paths below ``/api`` in which this regular expression is found.
    :param retry_after: seconds for the ``Retry-After`` header of 429 and 503.
    """

    kind: str
    times: int = 1
    method: str | None = None
    path: str | None = None
    retry_after: int = 1

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no fault is called {self.kind!r}; there are: {', '.join(KINDS)}")
        if isinstance(self.times, bool) or not isinstance(self.times, int) or self.times < 1:
            raise ValueError(f"times is a positive number, not {self.times!r}")
        if isinstance(self.retry_after, bool) or not isinstance(self.retry_after, int):
            raise ValueError(f"retry_after is a whole number of seconds, not {self.retry_after!r}")
        try:
            self._pattern = re.compile(self.path or "")
        except re.error as error:
            raise ValueError(f"path is no regular expression: {error}") from None

    def matches(self, method: str, path: str) -> bool:
        """Return whether a request gets this fault."""
        right_method = self.method is None or self.method.upper() == method
        return right_method and self._pattern.search(path) is not None


class Faults:
    """The orders not yet served, oldest first."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []
        self.released = asyncio.Event()

    def add(self, fault: Fault) -> None:
        """Queue an order."""
        self.waiting.append(fault)

    def clear(self) -> None:
        """Forget all orders and let go of the requests that hang."""
        self.waiting.clear()
        self.released.set()
        self.released = asyncio.Event()

    def take(self, method: str, path: str) -> Fault | None:
        """Return the fault this request gets, and count it."""
        for fault in self.waiting:
            if fault.matches(method, path):
                fault.times -= 1
                if not fault.times:
                    self.waiting.remove(fault)
                return fault
        return None

"""Which failed request may be tried again, after how long, and what a failure means for other requests.

A 429 is about everything that this token sends, not about one request: reads are tried again after the pause
that the server asks for, whoever sends many at a time sends fewer, and what has not begun is not begun. How
long a pause is believed depends on who waits: all of them are listed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

if TYPE_CHECKING:
    from airflow_provider_om_messaging.protocol.wire.message import Request

TRANSIENT_STATUSES = frozenset({429, 502, 503, 504})
"""Answers after which the same read may succeed a moment later."""
_TEMPORARY = frozenset({Cause.UNAVAILABLE, Cause.UNEXPECTED_REPLY, Cause.RATE_LIMITED})
LONGEST_READ = 60.0
"""Seconds that a read is put off at most by ``Retry-After``."""
LONGEST_WRITE = 30.0
"""The same of a patch, and of the writes of an import."""
LONGEST_BATCH = 60.0
"""The same of the next batch of rows."""
LONGEST_WAIT = 300.0
"""The same of the next look at a job: one reply must not put it off until the wait is over."""
LONGEST_WATCH = 3600.0
"""The same of the next look for changes."""


def is_temporary(fault: Fault) -> bool:
    """Return whether a failure may pass by itself, so that a wait goes on."""
    return fault.cause in _TEMPORARY


def is_rate_limit(fault: Fault) -> bool:
    """Return whether the server is there, and was asked too much (429)."""
    return fault.cause is Cause.RATE_LIMITED


def is_overload(fault: Fault) -> bool:
    """Return whether the server asks for fewer requests at a time (429, 503), or cannot serve so many."""
    return is_rate_limit(fault) or fault.cause is Cause.UNAVAILABLE


def affects_same_token(fault: Fault) -> bool:
    """Return whether any other request with the same token would fail alike (401, 429)."""
    return is_rate_limit(fault) or fault.cause is Cause.UNAUTHORIZED


def limit_pause(retry_after: float | None, longest: float) -> float:
    """
    Return the seconds for which to leave the server alone, because it asked for that; 0 if it did not.

    :param retry_after: what it answered.
    :param longest: one of the bounds above.
    """
    return min(retry_after or 0.0, longest)


def double_pause(first: float, times: int, longest: float) -> float:
    """
    Return the seconds of a pause that grows: the first one, doubled so many times.

    :param first: seconds of the first pause.
    :param times: how many pauses there were before.
    :param longest: seconds that no pause exceeds.
    """
    # More doublings than these would leave the range of numbers before they are cut.
    return min(longest, first * 2.0 ** min(times, 60))


@dataclass(frozen=True)
class RetryPolicy:
    """
    How patient a client is with reads. It repeats no write: whether that had an effect is not known.

    Patches, which say what they expect to find, are tried again by ``client/editing/patching.py``.

    :param tries: how often a request is sent at most.
    :param first_pause: seconds before the second try; doubled for each further one.
    :param longest_pause: seconds that a pause lasts at most, also if the server's ``Retry-After`` asks for
        more: then the fault is reported at once, for Airflow to retry later.
    """

    tries: int = 4
    first_pause: float = 0.5
    longest_pause: float = LONGEST_READ

    def compute_pause(self, request: Request[Any], fault: Fault, tried: int, chance: float) -> float | None:
        """
        Return the seconds to wait before the next try, or None if there is none.

        :param request: what failed.
        :param fault: how it failed.
        :param tried: how often it has been sent.
        :param chance: a random number from 0 to 1, which spreads the tries of many tasks.
        """
        if not (request.safe and fault.transient) or tried >= self.tries:
            return None
        own = double_pause(self.first_pause, tried - 1, self.longest_pause) * (0.5 + chance / 2)
        if fault.retry_after is None:
            return own
        if fault.retry_after > self.longest_pause:
            return None
        # A server that asks for no pause at all is not hammered for it.
        return max(own, min(self.longest_pause, fault.retry_after * (1 + chance / 10)))


NO_RETRY = RetryPolicy(tries=1)
"""For polls, which are repeated anyway by the one who waits."""

"""Which failed request may be tried again, and after how long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_om_messaging.protocol.wire.faults import Fault
    from airflow_provider_om_messaging.protocol.wire.message import Request


@dataclass(frozen=True)
class RetryPolicy:
    """
    How patient a client is with reads. Writes are never repeated: whether they had an effect is not known.

    :param tries: how often a request is sent at most.
    :param first_pause: seconds before the second try; doubled for each further one.
    :param longest_pause: seconds that a pause lasts at most, also if the server's ``Retry-After`` asks for
        more: then the fault is reported at once, for Airflow to retry later.
    """

    tries: int = 4
    first_pause: float = 0.5
    longest_pause: float = 60.0

    def pause(self, request: Request[Any], fault: Fault, tried: int, chance: float) -> float | None:
        """
        Return the seconds to wait before the next try, or None if there is none.

        :param request: what failed.
        :param fault: how it failed.
        :param tried: how often it has been sent.
        :param chance: a random number from 0 to 1, which spreads the tries of many tasks.
        """
        if not (request.safe and fault.transient) or tried >= self.tries:
            return None
        doubled = self.first_pause * float(2 ** (tried - 1))
        own = min(self.longest_pause, doubled) * (0.5 + chance / 2)
        if fault.retry_after is None:
            return own
        if fault.retry_after > self.longest_pause:
            return None
        # A server that asks for no pause at all is not hammered for it.
        return max(own, min(self.longest_pause, fault.retry_after * (1 + chance / 10)))


NO_RETRY = RetryPolicy(tries=1)
"""For polls, which are repeated anyway by the one who waits."""

"""How many jobs to ask for one by one in a second."""

from __future__ import annotations

MAX_JOBS_PER_SECOND = 400.0
"""Jobs a second at most, however many wait: ten thousand waits at the default poll interval take 350."""

MIN_JOBS_PER_SECOND = 100.0
"""Jobs a second that are always allowed, so that the first looks, which come sooner, have not to queue."""

_HEADROOM = 1.2
_GAIN = 10.0


class RateLimit:
    """
    As many jobs a second as it takes to look at each within its poll interval, unless the server bears fewer.

    What it bears shows by what it does: each time that it refuses, half as many are asked for; from then on
    ten more a second in each round that went well.
    """

    def __init__(self) -> None:
        self._ceiling = self._jobs_per_second = MAX_JOBS_PER_SECOND

    def compute_jobs_per_round(self, needed: float, seconds: float) -> int:
        """
        Return how many jobs to ask for in a round; never none.

        :param needed: looks a second that the waits come to, each at its poll interval.
        :param seconds: how long a round is.
        """
        self._jobs_per_second = min(max(MIN_JOBS_PER_SECOND, needed * _HEADROOM), self._ceiling)
        return max(1, int(self._jobs_per_second * seconds))

    def record_refusal(self) -> None:
        """Take that the server answered that it is asked too often."""
        self._ceiling = max(1.0, self._jobs_per_second / 2)

    def record_success(self, jobs_polled: int, took: float, seconds: float) -> None:
        """
        Take how a round went that was not refused.

        :param jobs_polled: how many jobs were asked for.
        :param took: seconds until all of them were answered.
        :param seconds: how long a round is. A slow server is asked for what it can answer in that, or the
            next list would have to wait for it.
        """
        self._ceiling = (
            min(MAX_JOBS_PER_SECOND, self._ceiling + _GAIN)
            if took <= seconds
            else max(1.0, jobs_polled / took)
        )

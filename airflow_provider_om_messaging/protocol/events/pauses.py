"""How long to leave the server alone between two polls for changes."""

from __future__ import annotations

from airflow_provider_om_messaging.protocol.wire.retry import LONGEST_WATCH, double_pause, limit_pause

SHORTEST_INTERVAL = 5.0
"""Seconds between two polls at least: whoever asks more often learns nothing sooner than Airflow acts."""

_LONGEST_PAUSE = 600.0


def find_pause(interval: float, failures: int, retry_after: float | None, chance: float) -> float:
    """
    Return the seconds until the next poll, which are never fewer than nine tenths of the interval.

    :param interval: seconds between two polls.
    :param failures: how many polls in a row have failed; each doubles the pause, up to ten minutes.
    :param retry_after: seconds that the server asked to be left alone; an hour at most is believed.
    :param chance: a random number from 0 to 1, which spreads the polls of many.
    """
    pause = interval * (0.9 + chance / 10)
    if failures:
        pause = max(pause, double_pause(interval, failures - 1, _LONGEST_PAUSE))
    return max(pause, limit_pause(retry_after, LONGEST_WATCH))

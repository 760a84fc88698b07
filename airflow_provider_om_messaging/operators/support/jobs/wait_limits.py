"""The limits of a wait: the checks on its numbers, and Airflow's own deadline behind them."""

from __future__ import annotations

from datetime import timedelta

from airflow_provider_om_messaging.exceptions import InvalidParameterError

BACKSTOP = timedelta(minutes=10)
"""How much later than the trigger's own deadline Airflow's goes off, for a triggerer that is stuck."""


def check_waiting(poll_interval: float, timeout: float, max_consecutive_failures: int | None) -> None:
    """
    Check the numbers of a wait.

    :raises InvalidParameterError: naming the one that is wrong.
    """
    for name, value in (("poll_interval", poll_interval), ("timeout", timeout)):
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
            raise InvalidParameterError(f"{name} has to be a number of seconds above 0, not {value!r}.")
    if max_consecutive_failures is None:
        return
    if isinstance(max_consecutive_failures, bool) or not isinstance(max_consecutive_failures, int):
        raise InvalidParameterError(
            f"max_consecutive_failures has to be a whole number, not {max_consecutive_failures!r}."
        )
    if max_consecutive_failures < 0:
        raise InvalidParameterError(f"max_consecutive_failures is below 0: {max_consecutive_failures}.")

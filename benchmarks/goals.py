"""How benchmarks say what they aim at: each goal with *reached* or *NOT reached*, from figures of one run."""

from __future__ import annotations


def format_goal(what: str, value: float, most: float, unit: str = "", beside: str = "") -> str:
    """
    Return the line about a goal.

    :param what: what was measured.
    :param value: what it came to.
    :param most: what it may come to.
    :param unit: of both, such as ``× the floor``.
    :param beside: the figure of a floor or a peer in the same run.
    """
    expected = "reached" if value <= most else "NOT reached"
    note = f"; {beside}" if beside else ""
    return f"Goal: {what} at most {_round(most)} {unit}".rstrip() + f": *{expected}* ({_round(value)}{note})"


def _round(value: float) -> str:
    return f"{value:.3g}" if value < 1000 else f"{value:,.0f}"

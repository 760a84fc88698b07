"""Jitter: a random spread of the requests of many tasks that would all come at once."""

from __future__ import annotations

import random


def draw_jitter() -> float:
    """Return a random number from 0 to 1. No secret may depend on it."""
    return random.random()  # noqa: S311  # it only spreads load

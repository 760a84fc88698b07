"""The sandbox answers as two real servers did, apart from a short list of differences with reasons."""

from __future__ import annotations

import pytest

from airflow_provider_om_messaging.sandbox import Sandbox
from tests.contract.recorded.differences import DIFFERENCES
from tests.contract.recorded.playing import Player, load_records

STEPS = [(generation, step["name"]) for generation in DIFFERENCES for step in load_records(generation)]


@pytest.fixture(scope="module")
def found() -> dict[tuple[str, str], list[str]]:
    """Return what differs at each step of each generation."""
    found = {}
    for generation in DIFFERENCES:
        with Sandbox(generation=generation, edition="open-source", race_window=0.0) as server:
            for step, differences in Player(server).play().items():
                found[generation, step] = differences
    return found


@pytest.mark.parametrize(("generation", "step"), STEPS)
def test_a_step_is_answered_as_it_was_recorded(
    found: dict[tuple[str, str], list[str]], generation: str, step: str
) -> None:
    if reason := DIFFERENCES[generation].get(step):
        assert found[generation, step], f"no difference any more; it was: {reason}"
    else:
        assert found[generation, step] == []

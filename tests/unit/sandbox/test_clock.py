"""The stand-in server's clock, which the machine's moves only as long as it may."""

from __future__ import annotations

import pytest

from airflow_provider_om_messaging.sandbox.clock import Clock


class Machine:
    """The machine's time, and whether it moves the clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.counts = 1000.0, True
        monkeypatch.setattr("time.time", lambda: self.now)
        self.clock = Clock(runs=lambda: self.counts)

    def read_seconds_after(self, passed: float) -> float:
        self.now += passed
        return self.clock.seconds()


def test_a_clock_that_runs_goes_with_the_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch)
    machine.clock.advance(60)
    assert machine.read_seconds_after(5) == 1065


def test_a_clock_that_stands_still_moves_only_when_it_is_put_forward(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch)
    machine.counts = False
    assert machine.read_seconds_after(5) == machine.read_seconds_after(3600) == 1000
    machine.clock.advance(60)
    assert machine.read_seconds_after(7) == 1060
    # What has passed while it stood still is not made up for.
    machine.counts = True
    assert machine.read_seconds_after(5) == 1065


def test_a_clock_does_not_go_back(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="forward"):
        Machine(monkeypatch).clock.advance(-1)

"""A sample of the spoiled replies; ``make fuzz ARGS=replies`` tries them all."""

from __future__ import annotations

import random

import pytest

from airflow_provider_om_messaging.hooks import messaging
from tests.fuzz import replies

SAMPLE = 30
"""Cases of each server and run, drawn by the same numbers every time."""


@pytest.mark.parametrize("server", replies.SERVERS, ids="-".join)
def test_nothing_but_the_packages_own_errors_comes_out(server: tuple[str, str]) -> None:
    works = replies.list_works()
    draw = random.Random(7)  # noqa: S311  # no secret
    names = draw.sample(sorted(works), 8)
    with replies.record_server(*server, {name: works[name] for name in names}) as recordings:
        for name, recording in recordings.items():
            assert recording.error is None, name
            assert recording.try_case(None) is None, name
            cases = list(recording.cases())
            for case in draw.sample(cases, min(SAMPLE, len(cases))):
                assert recording.try_case(case) is None, f"{name}: {case}"


def test_a_foreign_error_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def show_service(service: str) -> None:
        replies.OpenMetadataMessagingHook().get_service(service)

    with replies.record_server("2.0", "documented", {"service": show_service}) as recordings:
        recording = recordings["service"]
        monkeypatch.setattr(messaging, "mask_connection", lambda entity: entity["name"].upper())
        found = [recording.try_case(case) for case in recording.cases() if case.path == ("name",)]
    errors = dict(zip(map(repr, replies.INSTEAD), found, strict=True))
    assert "KeyError" in str(errors[repr(replies.MISSING)])
    assert errors["'x'"] is None

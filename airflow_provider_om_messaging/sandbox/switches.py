"""The switches that turn the stand-in into the server a test wants to meet."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field, fields
from typing import Any

from airflow_provider_om_messaging.sandbox.generations import EDITIONS, GENERATIONS

VERDICTS = ("none", "job", "endpoint")
EVENTS = ("listed", "empty", "absent")
_METAVARS = {float: "SECONDS", str: "NAME"}


def _switch(default: Any, text: str, **limits: Any) -> Any:
    return field(default=default, metadata={"help": text, **limits})


@dataclass
class Switches:
    """All switches with their defaults; every one can be changed while the server runs."""

    csv_routes: bool = _switch(
        True,
        "messaging services have the four CSV routes (off: unknown routes, as in the open-source server)",
    )
    job_api: bool = _switch(
        True, "/v1/csvAsyncJobs exists (off: job ids are UUIDs and nothing can be polled)"
    )
    import_verdict: str = _switch(
        "none",
        "where a finished import job shows its result: nowhere, in the job's `result`, or at /importResult",
        choices=VERDICTS,
    )
    events: str = _switch(
        "listed",
        "what /v1/events answers: what happened, never anything, or that there is no such route",
        choices=EVENTS,
    )
    job_seconds: float = _switch(0.5, "how long an async job runs, in seconds", minimum=0)
    job_start_delay: float = _switch(
        0.0, "how long a job stays QUEUED; real servers take up to 10 s", minimum=0
    )
    running_clock: bool = _switch(
        True, "time passes by itself (off: only as the clock is put forward, however long a test takes)"
    )
    stuck_jobs: bool = _switch(False, "jobs that start now never progress, beat or end")
    failing_jobs: bool = _switch(False, "jobs that start now end FAILED")
    lost_results: bool = _switch(
        False, "results of completed jobs answer 404, as on a node that did not run them"
    )
    early_frames: bool = _switch(
        False,
        "before 2.0: jobs run at once, and are reported over the socket before the reply to their request",
    )
    duplicate_frames: bool = _switch(False, "before 2.0: every frame is sent twice")
    lost_frames: bool = _switch(False, "before 2.0: no frame arrives")
    secure_socket: bool = _switch(False, "before 2.0: opening a socket needs a token")
    latency: float = _switch(0.0, "delay before every API reply, in seconds", minimum=0)
    if_match: bool = _switch(
        True, "PATCH honours If-Match (off: ignored, no ETag, and concurrent writes get lost, as before 1.9)"
    )
    race_window: float = _switch(0.0, "pause between a PATCH's read and its write, in seconds", minimum=0)
    patch_error_status: int = _switch(
        400, "status of a failing JSON Patch (500 before May 2026)", choices=(400, 500)
    )
    certifies: str = _switch("Certification", "the classification whose tags certify topics")
    export_charset: bool = _switch(
        True, "exports name their charset; older servers do not, though they send UTF-8"
    )
    lists_inherit: bool = _switch(
        True, "lists show what topics inherit from their service (off: only reads of one, as in 1.2.0)"
    )
    ascii_cursors: bool = _switch(
        False,
        "lists go on at a wrong place after a name with other letters than ASCII, as where Java does not run "
        "in UTF-8",
    )
    gzip: bool = _switch(True, "compress replies above 256 bytes when the client accepts it")

    def update(self, **changes: Any) -> None:
        """
        Set some switches, all of them or none.

        :param changes: names and values; an unknown name is a ``TypeError``, a bad value a ``ValueError``.
        """
        known = {item.name: item for item in fields(self)}
        checked: dict[str, Any] = {}
        for name, value in changes.items():
            if name not in known:
                raise TypeError(f"no switch is called {name!r}; there are: {', '.join(known)}")
            checked[name] = _check_value(name, value, known[name])
        for name, value in checked.items():
            setattr(self, name, value)


def _check_value(name: str, value: Any, item: Any) -> Any:
    expected_type = type(item.default)
    if expected_type is bool and not isinstance(value, bool):
        raise ValueError(f"{name} is true or false, not {value!r}")
    if expected_type is not bool and (isinstance(value, bool) or not isinstance(value, (expected_type, int))):
        raise ValueError(f"{name} is of type {expected_type.__name__}, not {value!r}")
    choices = item.metadata.get("choices")
    if choices and value not in choices:
        raise ValueError(f"{name} is one of {', '.join(map(str, choices))}, not {value!r}")
    minimum = item.metadata.get("minimum")
    if minimum is not None and not minimum <= value < float("inf"):
        raise ValueError(f"{name} is a number of seconds from {minimum} on, not {value!r}")
    return value


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """
    Add one command line flag a switch.

    :param parser: where to; destinations are the switches' names, and only of those that are given.
    """
    group = parser.add_argument_group(
        "switches",
        "what kind of server to be; also at /_sandbox while it runs; generation and edition set some of them",
    )
    for item in fields(Switches):
        flag = "--" + item.name.replace("_", "-")
        text = f"{item.metadata['help']} (default: {_describe_default(item)})"
        # One that is not given is left out, so that generation and edition can set it.
        absent = argparse.SUPPRESS
        if isinstance(item.default, bool):
            group.add_argument(flag, action=argparse.BooleanOptionalAction, default=absent, help=text)
        else:
            group.add_argument(
                flag,
                type=type(item.default),
                default=absent,
                choices=item.metadata.get("choices"),
                help=text,
                metavar=None if item.metadata.get("choices") else _METAVARS[type(item.default)],
            )


def _describe_default(item: Any) -> str:
    others = [
        f"{settings[item.name]} with {name}"
        for name, settings in (
            *((generation.name, generation.switches) for generation in GENERATIONS.values()),
            *EDITIONS.items(),
        )
        if item.name in settings
    ]
    return "; ".join([str(item.default), *others])

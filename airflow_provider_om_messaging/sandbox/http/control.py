"""``/_sandbox``: look at the stand-in and change its ways while it runs. Open to this machine only."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.sandbox.faults import KINDS, Fault
from airflow_provider_om_messaging.sandbox.http.router import Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_om_messaging.sandbox.state import SandboxState

PREFIX = "/_sandbox"
_LOCAL_HOSTS = ("127.0.0.1", "localhost", "[::1]")


def handle(state: SandboxState, method: str, path: str, body: bytes, host: str) -> Reply:
    """
    Carry out one request.

    :param path: below ``/_sandbox``, without slashes around it.
    :param host: the ``Host`` header; a name that is not this machine's could be a web page's trick.
    """
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    if name.lower() not in _LOCAL_HOSTS:
        return _build_refusal(403, f"the sandbox is steered from this machine only, not as {host!r}")
    action = _ACTIONS.get((method, path))
    if action is None:
        return _build_refusal(404, f"no such control; there are: {', '.join(_list_controls())}")
    try:
        order = json.loads(body) if body.strip() else {}
        if not isinstance(order, dict):
            raise ValueError("the body is a JSON object")
        return Reply(action(state, order))
    except (ValueError, TypeError, KeyError) as error:
        return _build_refusal(400, str(error))


def _build_refusal(status: int, message: str) -> Reply:
    return Reply({"code": status, "message": message}, status)


def _show_state(state: SandboxState, order: dict[str, Any]) -> dict[str, Any]:
    return {
        "version": state.generation.version,
        "generation": state.generation.name,
        "edition": state.edition,
        "clock": state.clock.millis(),
        "clockOffsetSeconds": state.clock.offset,
        "services": state.count_topics(),
        "jobs": {job.job_id: job.status for job in state.jobs.jobs.values()},
        "switches": asdict(state.switches),
        "faults": [asdict(fault) for fault in state.faults.waiting],
        "faultKinds": KINDS,
        "controls": _list_controls(),
        "journal": state.journal,
    }


def _show_journal(state: SandboxState, order: dict[str, Any]) -> list[dict[str, Any]]:
    return state.journal


def _clear_journal(state: SandboxState, order: dict[str, Any]) -> dict[str, Any]:
    state.journal.clear()
    return {}


def _set_switches(state: SandboxState, order: dict[str, Any]) -> dict[str, Any]:
    state.switches.update(**order)
    return asdict(state.switches)


def _add_fault(state: SandboxState, order: dict[str, Any]) -> list[dict[str, Any]]:
    _check_keys("a fault", order, [item.name for item in fields(Fault)])
    if "kind" not in order:
        raise ValueError(f"kind is missing; there are: {', '.join(KINDS)}")
    state.faults.add(Fault(**order))
    return [asdict(fault) for fault in state.faults.waiting]


def _clear_faults(state: SandboxState, order: dict[str, Any]) -> dict[str, Any]:
    state.faults.clear()
    return {}


def _advance_clock(state: SandboxState, order: dict[str, Any]) -> dict[str, Any]:
    _check_keys("the clock", order, ["advance"])
    seconds = order.get("advance")
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise ValueError(f"advance is a number of seconds, not {seconds!r}")
    state.advance_clock(float(seconds))
    return {"clock": state.clock.millis(), "clockOffsetSeconds": state.clock.offset}


def _supersede_bot_token(state: SandboxState, order: dict[str, Any]) -> dict[str, str]:
    return {"token": state.supersede_bot_token()}


def _create_token(state: SandboxState, order: dict[str, Any]) -> dict[str, str]:
    _check_keys("a token", order, ["user", "expires_in", "signed_by", "kid"])
    user, expires_in = str(order.pop("user", "admin")), order.pop("expires_in", 3600)
    return {"token": state.create_token(user, expires_in, **order)}


def _check_keys(what: str, order: dict[str, Any], known: list[str]) -> None:
    if unknown := order.keys() - set(known):
        raise ValueError(f"{what} has no {', '.join(sorted(unknown))}; it has: {', '.join(known)}")


_ACTIONS: dict[tuple[str, str], Callable[[SandboxState, dict[str, Any]], Any]] = {
    ("GET", ""): _show_state,
    ("GET", "journal"): _show_journal,
    ("DELETE", "journal"): _clear_journal,
    ("PUT", "switches"): _set_switches,
    ("PUT", ""): _set_switches,
    ("POST", "faults"): _add_fault,
    ("DELETE", "faults"): _clear_faults,
    ("POST", "clock"): _advance_clock,
    ("POST", "bot-token"): _supersede_bot_token,
    ("POST", "tokens"): _create_token,
}


def _list_controls() -> list[str]:
    return [f"{method} {PREFIX}/{name}".rstrip("/") for method, name in _ACTIONS]

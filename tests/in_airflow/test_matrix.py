"""Every operation by every engine on every generation and edition: one result, or one documented error."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.exceptions import UnsupportedByServerError
from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator
from airflow_provider_om_messaging.operators.import_csv import ImportMessagingServiceOperator
from airflow_provider_om_messaging.operators.patch import PatchMessagingServiceOperator
from airflow_provider_om_messaging.operators.plan import PlanMessagingServiceImportOperator
from airflow_provider_om_messaging.operators.versions import (
    MessagingServiceVersionsOperator,
    RestoreMessagingServiceOperator,
)
from airflow_provider_om_messaging.sandbox import Sandbox
from tests.in_airflow.running import run
from tests.in_airflow.topics import as_csv, new

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

SERVICE = "orders_redpanda"
SERVERS = [
    (edition, generation)
    for edition in ("documented", "open-source")
    for generation in ("2.0", "1.13", "1.2")
]
ENGINES = ("auto", "server", "client")
TEXT = as_csv(
    [new("orders-created", description="Told anew", tags="PII.None"), new("orders-nope", owner="user:no")]
)
README = Path(__file__).parents[2] / "README.md"


def export(engine: str) -> Any:
    return ExportMessagingServiceOperator(task_id="t", service=SERVICE, engine=engine)


def plan(engine: str) -> Any:
    return PlanMessagingServiceImportOperator(task_id="t", service=SERVICE, csv=TEXT, engine=engine)


def load(engine: str, **options: Any) -> Any:
    given = {"csv": TEXT, "on_rejected": "report", "create_missing": True, "engine": engine, **options}
    return ImportMessagingServiceOperator(task_id="t", service=SERVICE, **given)


WITH_ENGINE: dict[str, Callable[[str], Any]] = {
    "export": export,
    "plan": plan,
    "import, dry run": load,
    "import and verify": lambda engine: load(engine, dry_run=False, verify=True),
}
WITHOUT: dict[str, Callable[[], Any]] = {
    "patch": lambda: PatchMessagingServiceOperator(
        task_id="t",
        service=SERVICE,
        changes={"description": "Anew", "owners": ["user:mei"], "domains": ["Finance"]},
    ),
    "versions": lambda: MessagingServiceVersionsOperator(task_id="t", service=SERVICE),
    "restore": lambda: RestoreMessagingServiceOperator(task_id="t", service=SERVICE, version="0.1"),
}


def came_to(operator: Any) -> dict[str, Any] | str:
    try:
        result = run(operator)
    except UnsupportedByServerError:
        return "UnsupportedByServerError"
    # What is of one server alone: ids and times, whether it counts a session of edits as one version, and who
    # did the work.
    for name in ("id", "engine", "journal", "notes", "versions", "version", "version_before"):
        result.pop(name, None)
    return dict(result)


def outcomes(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[tuple[str, str], dict[str, Any] | str]]:
    """Return what each operation came to on each server, each engine on a server of its own."""
    found: dict[str, dict[tuple[str, str], dict[str, Any] | str]] = {}
    for edition, generation in SERVERS:
        for engine in ENGINES:
            with Sandbox(generation=generation, edition=edition) as running:
                monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", running.airflow_connection())
                server = (edition, generation)
                for name, make in WITH_ENGINE.items():
                    found.setdefault(f"{name}, engine `{engine}`", {})[server] = came_to(make(engine))
                for name, again in WITHOUT.items() if engine == "auto" else ():
                    found.setdefault(name, {})[server] = came_to(again())
    return found


def table(found: dict[str, dict[tuple[str, str], dict[str, Any] | str]]) -> str:
    head = ["", *(f"{edition} {generation}" for edition, generation in SERVERS)]
    lines = [head, ["---"] * len(head)]
    for name, by_server in found.items():
        cells = [by_server[server] for server in SERVERS]
        lines.append([name, *(f"`{cell}`" if isinstance(cell, str) else "yes" for cell in cells)])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def test_one_result_everywhere_or_the_one_documented_error(monkeypatch: pytest.MonkeyPatch) -> None:
    found = outcomes(monkeypatch)
    for name in (*WITH_ENGINE, *WITHOUT):
        same = [cell for key, cells in found.items() if key.startswith(name) for cell in cells.values()]
        results = [cell for cell in same if not isinstance(cell, str)]
        assert results
        assert results == [results[0]] * len(results)
    impossible = {
        (name, *server)
        for name, cells in found.items()
        for server, cell in cells.items()
        if isinstance(cell, str)
    }
    assert impossible == {
        (f"{name}, engine `server`", "open-source", generation)
        for name in WITH_ENGINE
        for generation in ("2.0", "1.13", "1.2")
    }
    told = re.search(r"<!-- matrix -->\n(.*?)\n<!-- end of matrix -->", README.read_text("utf-8"), re.DOTALL)
    assert told is not None
    assert told[1] == table(found), f"README.md has another table than the servers:\n{table(found)}"

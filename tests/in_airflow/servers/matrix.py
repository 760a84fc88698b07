"""Every operator on every kind of server, by every engine and way of waiting.

``python -m tests.in_airflow.servers.matrix`` writes what comes of it into the table of ``docs/servers.md``.
"""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.exceptions import OpenMetadataError
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator
from airflow_provider_om_messaging.operators.export_metadata import ExportMessagingServiceMetadataOperator
from airflow_provider_om_messaging.operators.import_csv import ImportMessagingServiceOperator
from airflow_provider_om_messaging.operators.job_result import CsvJobResultOperator
from airflow_provider_om_messaging.operators.list_services import ListMessagingServicesOperator
from airflow_provider_om_messaging.operators.patch import PatchMessagingServiceOperator
from airflow_provider_om_messaging.operators.plan import PlanMessagingServiceImportOperator
from airflow_provider_om_messaging.operators.versions import (
    MessagingServiceVersionsOperator,
    RestoreMessagingServiceOperator,
)
from airflow_provider_om_messaging.sandbox import Sandbox
from airflow_provider_om_messaging.sandbox.generations import EDITIONS, GENERATIONS
from airflow_provider_om_messaging.sensors.csv_job import CsvAsyncJobSensor
from tests.conftest import ROOT
from tests.in_airflow.running import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAGE = ROOT / "docs" / "servers.md"
BEGIN, END = "<!-- made by 'make readme' -->\n", "<!-- end of what 'make readme' makes -->\n"

GOOD = (
    "name,displayName,description,owner,tags,domain\r\n"
    'topic_000000,Told anew,"Two lines,\r\nand a comma.",user:alice,PII.None;Tier.Tier2,Marketing\r\n'
    "topic_000001,,,,,\r\n"
    'topic_000002,,"Events of kind 2, as they come.",team:growth,Tier.Tier3,Customer\r\n'
    'topic_new,,"Made by an import, not by a broker.",,,\r\n'
)
BAD = (
    "name,displayName,description,owner,tags,domain\r\n"
    "topic_000000,,As it should be.,,,\r\n"
    "topic_000001,,,user:nobody,,\r\n"
    "topic_000002,,,,No.Such,\r\n"
)
CHANGES = {
    "description": "Moves tonight.",
    "displayName": None,
    "owners": ["team:data-platform"],
    "tags": ["PII.None", "Tier.Tier2"],
    "domains": ["Finance"],
}
OPERATIONS = [
    {"op": "replace", "path": "/displayName", "value": "Orders"},
    {"op": "add", "path": "/description", "value": "By operations."},
]
ENGINES = ("auto", "server", "client")
WAYS: dict[str, dict[str, Any]] = {
    "`asynchronous=True`": {},
    "`asynchronous=True`, deferred": {"deferrable": True},
    '`asynchronous=True`, `engine="server"`': {"engine": "server"},
}

# What differs by nature: identities, moments, who did it how, and what only newer servers add to a snapshot.
_OTHER = {
    "id",
    "href",
    "server",
    "updatedAt",
    "updated_at",
    "job_id",
    "engine",
    "incrementalChangeDescription",
}


@dataclass(frozen=True)
class Case:
    """
    One thing to do on each server.

    :param operation: what it is; the results of all cases of an operation are the same.
    :param how: by which engine, or in which way.
    :param work: does it to a service and returns what came of it.
    """

    operation: str
    how: str
    work: Callable[[str], Any]

    @property
    def title(self) -> str:
        """Its row in the page."""
        return f"{self.operation}, {self.how}" if self.how else self.operation


@dataclass(frozen=True)
class Outcome:
    """
    What came of a case on a server.

    :param told: the cell in the page.
    :param result: what can be compared; None after an error.
    """

    told: str
    result: Any = None


def export_rows(service: str, **options: Any) -> Any:
    return run(
        ExportMessagingServiceOperator(task_id="export", service=service, poll_interval=0.1, **options)
    )


def import_rows(service: str, csv: str, dry_run: bool, **options: Any) -> Any:
    result = run(
        ImportMessagingServiceOperator(
            task_id="import", service=service, csv=csv, dry_run=dry_run, poll_interval=0.1, **options
        )
    )
    # Servers return rows in an order that has nothing to do with the file's.
    result["failures"].sort(key=lambda failure: str(failure["row"]))
    return {**result, "csv_after": OpenMetadataMessagingHook().export_csv(service, engine="client")}


def plan(service: str, engine: str) -> Any:
    return run(PlanMessagingServiceImportOperator(task_id="plan", service=service, csv=GOOD, engine=engine))


def list_services(service: str) -> Any:
    found = run(ListMessagingServicesOperator(task_id="list", name=service))
    return {"services": found}


def export_and_restore(service: str) -> Any:
    """Export a service's own metadata, change it, and bring it back from the file."""
    with TemporaryDirectory() as folder:
        source = f"{folder}/service.json"
        run(ExportMessagingServiceMetadataOperator(task_id="export", service=service, destination=source))
        patch(service, changes=CHANGES)
        return restore_from(service, source)


def restore_from(service: str, source: str) -> Any:
    result = run(RestoreMessagingServiceOperator(task_id="restore", service=service, source=source))
    # As for a restored version: edits within minutes are merged, or not.
    assert result.pop("version") in {"0.1", "0.3"}
    del result["journal"]["version"], result["journal"]["updated_by"]
    return result


def patch(service: str, **options: Any) -> Any:
    return run(PatchMessagingServiceOperator(task_id="patch", service=service, **options))


def versions(service: str, **options: Any) -> Any:
    patch(service, changes=CHANGES)
    return run(MessagingServiceVersionsOperator(task_id="versions", service=service, **options))


def restore(service: str, **options: Any) -> Any:
    first = patch(service, changes=CHANGES)
    if not options:
        options = {"journal": first["journal"]}
    result = run(RestoreMessagingServiceOperator(task_id="restore", service=service, **options))
    # Servers before 2.0 merge the two patches, and what is as it was in version 0.1 is 0.1 again.
    assert result.pop("version") in {"0.1", "0.3"}
    del result["journal"]["version"], result["journal"]["updated_by"]
    return result


def hand_on(service: str) -> Any:
    """Submit an export, wait for it in a task of its own, and fetch its result in a third."""
    submitted = export_rows(service, asynchronous=True, wait_for_completion=False)
    if submitted["job_id"] is None:
        return submitted
    job_id = submitted["job_id"]
    waited = run(CsvAsyncJobSensor(task_id="wait", job_id=job_id, deferrable=True, poke_interval=0.1))
    fetched = run(CsvJobResultOperator(task_id="fetch", job_id=job_id))
    assert (waited["status"], waited["service"]) == ("COMPLETED", service)
    return fetched


def cases() -> list[Case]:
    """Return all cases, in the order of the page."""
    found: list[Case] = []
    works: dict[str, Callable[..., Any]] = {
        "export": export_rows,
        "plan": plan,
        "dry run": lambda service, **how: import_rows(service, BAD, True, max_failed_rows=2, **how),
        "import with `verify`": lambda service, **how: import_rows(
            service, GOOD, False, verify=True, create_missing=True, **how
        ),
    }
    for operation, work in works.items():
        for engine in ENGINES:
            found.append(Case(operation, f'`engine="{engine}"`', _bind(work, engine=engine)))
    for operation in ("export", "dry run", "import with `verify`"):
        for way, options in WAYS.items():
            found.append(Case(operation, way, _bind(works[operation], asynchronous=True, **options)))
    found.append(
        Case(
            "export",
            "submitted by one task, awaited and fetched by others, if there is a job (as in `async_jobs`)",
            hand_on,
        )
    )
    found.append(Case("list services", "", list_services))
    found.append(Case("patch by changes", "", _bind(patch, changes=CHANGES)))
    found.append(Case("patch by operations", "", _bind(patch, operations=OPERATIONS)))
    found.append(Case("history", "", versions))
    found.append(Case("one version", "", _bind(versions, version="previous")))
    found.append(Case("difference of two versions", "", _bind(versions, compare_with="0.1")))
    found.append(Case("restore a version", "", _bind(restore, version="0.1")))
    found.append(Case("undo a patch by its journal", "", restore))
    found.append(Case("export a service's own metadata and restore it", "", export_and_restore))
    return found


def _bind(work: Callable[..., Any], **options: Any) -> Callable[[str], Any]:
    return lambda service: work(service, **options)


class Matrix:
    """
    All kinds of servers, each with a service for every case.

    :param outcomes: what came of each case on each server, as far as they were tried.
    """

    def __init__(self, servers: dict[tuple[str, str], Sandbox]) -> None:
        self._servers = servers
        self.kinds = list(servers)
        self.cases = cases()
        self.outcomes: dict[tuple[str, tuple[str, str]], Outcome] = {}

    def outcome(self, case: Case, kind: tuple[str, str]) -> Outcome:
        """Return the outcome of a case on a server; it is tried once."""
        key = case.title, kind
        if key not in self.outcomes:
            os.environ["AIRFLOW_CONN_OM_MESSAGING_DEFAULT"] = self._servers[kind].airflow_connection()
            self.outcomes[key] = self._try(case)
        return self.outcomes[key]

    def _try(self, case: Case) -> Outcome:
        service = f"team_{self.cases.index(case) + 1:05}"
        try:
            result = case.work(service)
        except OpenMetadataError as error:
            return Outcome(f"`{type(error).__name__}`")
        how = "job" if result.get("job_id") else result.get("engine") or "yes"
        return Outcome(how, comparable(result, service))

    def table(self) -> str:
        """Return the page's table."""
        heads = [f"{edition}<br>{generation}" for generation, edition in self.kinds]
        rows: dict[tuple[str, ...], list[str]] = {}
        for case in self.cases:
            texts = [self.outcome(case, kind).told for kind in self.kinds]
            rows.setdefault((case.how, *texts), []).append(case.operation)
        lines = [f"| | | {' | '.join(heads)} |", "|---" * (len(self.kinds) + 2) + "|"]
        lines += [f"| {', '.join(names)} | {' | '.join(cells)} |" for cells, names in rows.items()]
        return "\n".join(lines) + "\n"


def comparable(value: Any, service: str) -> Any:
    """Return what has to be the same everywhere."""
    if isinstance(value, dict):
        # Old servers keep domains and tags in versions, and in what these say of changes, as they were sent.
        if value.get("type") == "domain":
            return {"type": "domain"}
        if "tagFQN" in value:
            return {"tagFQN": value["tagFQN"]}
        if value.get("name") in ("domains", "tags") and "newValue" in value:
            return {"name": value["name"]}
        # Some write empty lists into a version, others leave them out.
        kept = {key: item for key, item in value.items() if key not in _OTHER and item != []}
        return {key: comparable(item, service) for key, item in kept.items()}
    if isinstance(value, list):
        return [comparable(item, service) for item in value]
    return value.replace(service, "SERVICE") if isinstance(value, str) else value


@contextmanager
def start_matrix() -> Iterator[Matrix]:
    """Start a server of every kind."""
    kinds = [(generation, edition) for edition in EDITIONS for generation in GENERATIONS]
    before = os.environ.get("AIRFLOW_CONN_OM_MESSAGING_DEFAULT")
    with ExitStack() as stack:
        servers = {
            (generation, edition): stack.enter_context(
                Sandbox(
                    generation=generation,
                    edition=edition,
                    services=len(cases()),
                    job_start_delay=0,
                    job_seconds=0,
                )
            )
            for generation, edition in kinds
        }
        try:
            yield Matrix(servers)
        finally:
            os.environ.pop("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", None)
            if before is not None:
                os.environ["AIRFLOW_CONN_OM_MESSAGING_DEFAULT"] = before


def main() -> int:
    """Renew the page's table."""
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    _, after = rest.split(END)
    with start_matrix() as matrix:
        table = matrix.table()
    PAGE.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""One measurement of ``bench_scale.py``, in a process of its own: ``scale_child.py WHAT ADDRESS FOLDER``."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import resource
import sys
import time
from pathlib import Path

COLUMNS = ("name", "displayName", "description", "owner", "tags", "domain")
PAGE = 1000


def floor(service: str, address: str, folder: Path) -> None:
    """Export as a script would."""
    import requests

    with (
        requests.Session() as session,
        (folder / f"floor-{service}.csv").open("w", encoding="utf-8", newline="") as file,
    ):
        session.headers["Authorization"] = "Bearer token"
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(COLUMNS)
        query = {"service": service, "fields": "owners,tags,domains", "limit": str(PAGE)}
        while True:
            page = json.loads(session.get(f"{address}/api/v1/topics", params=query, timeout=60).content)
            for topic in page["data"]:
                owners = ";".join(f"{owner['type']}:{owner['name']}" for owner in topic.get("owners") or ())
                tags = ";".join(label["tagFQN"] for label in topic.get("tags") or ())
                domains = ";".join(domain["fullyQualifiedName"] for domain in topic.get("domains") or ())
                texts = [topic.get(name) or "" for name in COLUMNS[:3]]
                writer.writerow([*texts, owners, tags, domains])
            if not page["paging"].get("after"):
                return
            query["after"] = page["paging"]["after"]


def sdk(service: str, address: str, folder: Path) -> None:
    """Export with the SDK of openmetadata-ingestion."""
    from metadata.generated.schema.entity.data.topic import Topic
    from metadata.generated.schema.entity.services.connections.metadata.openMetadataConnection import (
        OpenMetadataConnection,
    )
    from metadata.ingestion.ometa.ometa_api import OpenMetadata

    token = {"jwtToken": "a.b.c"}
    config = {"hostPort": f"{address}/api", "authProvider": "openmetadata", "securityConfig": token}
    client = OpenMetadata(OpenMetadataConnection.model_validate(config))
    fields = ["owners", "tags", "domains"]
    listed = client.list_all_entities(Topic, fields=fields, limit=PAGE, params={"service": service})
    with (folder / f"sdk-{service}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(COLUMNS)
        for topic in listed:
            owners = ";".join(
                f"{owner.type}:{owner.name}" for owner in (topic.owners and topic.owners.root) or ()
            )
            tags = ";".join(label.tagFQN.root for label in topic.tags or ())
            domains = ";".join(
                str(domain.fullyQualifiedName) for domain in (topic.domains and topic.domains.root) or ()
            )
            description = topic.description.root if topic.description else ""
            writer.writerow([topic.name.root, topic.displayName or "", description, owners, tags, domains])


def export(service: str, address: str, folder: Path) -> None:
    """Export with the client engine."""
    from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook

    OpenMetadataMessagingHook().export_csv_to(service, folder / f"export-{service}.csv", engine="client")


def plan(service: str, address: str, folder: Path) -> None:
    """Plan an import of a changed file."""
    _plan(service, folder / f"changed-{service}.csv")


def plan_same(service: str, address: str, folder: Path) -> None:
    """Plan an import of what was exported."""
    _plan(service, folder / f"export-{service}.csv")


def _plan(service: str, source: Path) -> None:
    from airflow_provider_om_messaging.operators.plan import PlanMessagingServiceImportOperator

    PlanMessagingServiceImportOperator(
        task_id="plan", service=service, source=str(source), engine="client"
    ).execute({})


def dry_run(service: str, address: str, folder: Path) -> None:
    """Check a changed file."""
    _import(service, folder / f"changed-{service}.csv", dry_run=True)


def verified(service: str, address: str, folder: Path) -> None:
    """Import a changed file and verify it."""
    _import(service, folder / f"thousand-{service}.csv", dry_run=False, verify=True)


def import_file(service: str, address: str, folder: Path) -> None:
    """Import a changed file, as many rows at a time as the command line says."""
    options = {"max_concurrency": int(sys.argv[4])}
    _import(service, folder / f"thousand-{service}.csv", dry_run=False, **options)


def _import(service: str, source: Path, **options: object) -> None:
    from airflow_provider_om_messaging.operators.import_csv import ImportMessagingServiceOperator

    result = ImportMessagingServiceOperator(
        task_id="import", service=service, source=str(source), engine="client", **options
    ).execute({})
    if result["rows_failed"]:
        raise SystemExit(f"{result['rows_failed']} rows failed: {result['failures'][:3]}")


def measure_peak() -> int:
    """Return the resident set at its peak, in KiB."""
    status = Path("/proc/self/status").read_text("ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))


def measure_cpu_seconds() -> float:
    """Return the CPU seconds of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def count(address: str) -> dict[str, int]:
    """Return how many requests of each kind the server had since this was asked last."""
    import requests

    found: dict[str, int] = requests.get(f"{address}/count", timeout=60).json()
    return found


def main(what: str, address: str, folder: Path) -> None:
    """Do something once small and once in full, and print what the second time took."""
    action = {"import": import_file}.get(what) or globals()[what]
    with contextlib.redirect_stdout(io.StringIO()):
        action("small", address, folder)
    count(address)
    Path("/proc/self/clear_refs").write_text("5", "ascii")
    before, began, started = measure_peak(), measure_cpu_seconds(), time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        action("big", address, folder)
    seconds, cpu, grown = (
        time.perf_counter() - started,
        measure_cpu_seconds() - began,
        measure_peak() - before,
    )
    found = {"seconds": seconds, "cpu": cpu, "mebibytes": grown / 1024, "requests": count(address)}
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))

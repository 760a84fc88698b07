"""Export and import of a messaging service's topics in the documented columns."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.sandbox.csv import dialect
from airflow_provider_om_messaging.sandbox.csv.dialect import MalformedCsvError
from airflow_provider_om_messaging.sandbox.entities import labels, names, references, schema_fields
from airflow_provider_om_messaging.sandbox.entity_types.registry import (
    DOMAIN,
    TAG,
    TEAM,
    TOPIC,
    USER,
    Document,
)
from airflow_provider_om_messaging.sandbox.http.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from airflow_provider_om_messaging.sandbox.entities.catalog import Catalog
    from airflow_provider_om_messaging.sandbox.generations import Generation

COLUMNS = ("name", "displayName", "description", "owner", "tags", "domain")
BATCH_SIZE = 100
_OWNER_FORMAT = "Owner should be of format user:userName or team:teamName"


@dataclass(frozen=True)
class Progress:
    """
    How far a run is.

    :param done: rows or entities.
    :param total: of how many.
    :param message: the log line.
    """

    done: int
    total: int
    message: str


def export_in_batches(catalog: Catalog, service: Document) -> Generator[Progress, None, str]:
    """Export batch by batch; the generator's return value is the text."""
    topics = catalog.list_topics(service)
    lines = [dialect.format_record(COLUMNS)]
    for number, start in enumerate(range(0, len(topics), BATCH_SIZE), 1):
        for topic in topics[start : start + BATCH_SIZE]:
            lines.append(dialect.format_record(_format_topic(catalog, topic)))
        done = len(lines) - 1
        yield Progress(done, len(topics), f"Exported {done} of {len(topics)} entities (batch {number})")
    return "".join(lines)


def _format_topic(catalog: Catalog, topic: Document) -> Iterator[str]:
    yield topic["name"]
    yield topic.get("displayName") or ""
    yield topic.get("description") or ""
    # Only what is stored: written down, what a topic inherits would become its own by the next import.
    owners = references.list_references(topic, "owners")
    yield dialect.join_values(f"{item['type']}:{item['name']}" for item in owners)
    # Terms have no column of their own here, so the file does not hold them, and an import leaves them.
    yield dialect.join_values(
        label["tagFQN"] for label in labels.select_classification_tags(topic.get("tags", []))
    )
    # A single domain's name stands there as it is, without the quotes that keep several apart.
    domains = [item["fullyQualifiedName"] for item in references.resolve_domains(catalog, topic)]
    yield domains[0] if domains and "domain" in topic else dialect.join_values(domains)


class _RowRefusedError(Exception):
    """A row that fails; ``at_once`` says that its result line does not wait for the end of the batch."""

    def __init__(self, details: str, *, at_once: bool = False) -> None:
        super().__init__(details)
        self.at_once = at_once


@dataclass
class ImportRun:
    """
    One import of one text.

    :param catalog: where topics are created and updated.
    :param generation: decides how rows are counted, and whether a topic can have several owners.
    :param service: whose topics.
    :param text: the CSV.
    :param dry_run: check every row and change nothing.
    :param user: who does it.
    """

    catalog: Catalog
    generation: Generation
    service: Document
    text: str
    dry_run: bool
    user: str
    passed: int = 0
    failed: int = 0
    _lines: list[str] = field(default_factory=list)
    _simulated: set[str] = field(default_factory=set)

    def import_in_batches(self) -> Generator[Progress, None, Document]:
        """
        Import batch by batch; the generator's return value is the result.

        :raises MalformedCsvError: where the text stops being CSV. The rows before that are stored by
            then: an import is not atomic.
        """
        rows = dialect.parse_records(self.text)
        header = next(rows, None)
        if header is None:
            raise MalformedCsvError("Index 0 out of bounds for length 0")
        if tuple(header) != COLUMNS:
            reason = f"#INVALID_HEADER: Headers [{','.join(header)}] doesn't match [{','.join(COLUMNS)}]"
            return self._abort(reason)
        self._lines.append(dialect.format_record(["status", "details", *COLUMNS]))
        total, number = count_rows(self.text), 0
        while batch := self._take_batch(rows):
            number += 1
            done = self.passed + self.failed
            yield Progress(done, total, f"Processed {done} of {total} rows (batch {number})")
            if len(batch) < BATCH_SIZE:
                break
        return self._finish()

    def _take_batch(self, rows: Iterator[list[str]]) -> list[list[str]]:
        batch: list[list[str]] = []
        try:
            for row in rows:
                batch.append(row)
                if len(batch) == BATCH_SIZE:
                    break
        finally:
            self._carry_out(batch)
        return batch

    def _carry_out(self, batch: list[list[str]]) -> None:
        at_once: list[str] = []
        at_end: list[tuple[bytes, str]] = []
        for row in batch:
            status, hurried = "success", False
            try:
                details = self._carry_out_row(row)
                self.passed += 1
            except _RowRefusedError as refused:
                status, details, hurried = "failure", str(refused), refused.at_once
                self.failed += 1
            text = dialect.format_record([status, details, *row])
            if hurried:
                at_once.append(text)
            else:
                # Results come out of a hash map: in an order that has nothing to do with the file's.
                at_end.append((hashlib.sha256("\0".join(row).encode("utf-8", "replace")).digest(), text))
        self._lines += at_once
        self._lines += [text for _, text in sorted(at_end, key=lambda item: item[0])]

    def _carry_out_row(self, row: list[str]) -> str:
        if len(row) != len(COLUMNS):
            raise _RowRefusedError(
                f"#INVALID_FIELD_COUNT: Field count {len(row)} does not match "
                f"the expected field count of {len(COLUMNS)}"
            )
        name, display_name, description, owner, tags, domain = row
        if not name:
            raise _RowRefusedError("#FIELD_REQUIRED: Field 1 is required", at_once=True)
        if fault := self.generation.names.find_fault(name):
            raise _RowRefusedError(fault, at_once=True)
        fqn = names.join(self.service["fullyQualifiedName"], name)
        try:
            # In the order of the columns: a row fails for its first fault.
            owners = references.check_owners(self.catalog, self._read_owners(owner))
            changes = {
                "displayName": display_name or None,
                "description": description or None,
                "tags": labels.build_tag_labels(self.catalog, self._read_tags(tags)),
                **self.generation.build_references(owners=owners, domains=self._read_domains(domain)),
            }
            existing = self.catalog.find(TOPIC.name, fqn, "all")
            if self.dry_run:
                known = existing is not None or fqn in self._simulated
                self._simulated.add(fqn)
                return "Entity updated" if known else "Entity created"
            if existing is not None:
                changes["tags"] += labels.select_terms(existing.get("tags", []))
                self.catalog.update(TOPIC.name, {**existing, **changes, "deleted": False}, self.user)
                return "Entity updated"
            self.catalog.create(TOPIC.name, build_topic(self.service, name, changes), self.user)
        except ApiError as error:
            raise _RowRefusedError(error.message) from None
        return "Entity created"

    def _read_owners(self, cell: str) -> list[Document]:
        owners, unknown = [], None
        values = self._read_values(cell, "owner")
        if "owners" in self.generation.singular and len(values) > 1:
            raise _make_field_error("owner", _OWNER_FORMAT)
        for value in values:
            entity_type, colon, name = value.partition(":")
            if not colon or not name or entity_type not in (USER.name, TEAM.name):
                raise _make_field_error("owner", _OWNER_FORMAT)
            entity = self.catalog.find(entity_type, name)
            if entity is None:
                unknown = _make_field_error("owner", f"Entity {name} of type {entity_type} not found")
            else:
                owners.append(references.build_reference(entity_type, entity))
        if unknown:
            raise unknown
        return owners

    def _read_tags(self, cell: str) -> list[str]:
        return [
            self._find_entity("tags", TAG.name, fqn)["fullyQualifiedName"]
            for fqn in self._read_values(cell, "tags")
        ]

    def _read_domains(self, cell: str) -> list[Document]:
        # Where there is one domain at most, the cell is its name, whatever is in it.
        single = [cell] if cell else []
        fqns = single if "domains" in self.generation.singular else self._read_values(cell, "domain")
        found = (self._find_entity("domain", DOMAIN.name, fqn) for fqn in fqns)
        return list({item["id"]: references.build_reference(DOMAIN.name, item) for item in found}.values())

    def _find_entity(self, column: str, entity_type: str, fqn: str) -> Document:
        entity = self.catalog.find(entity_type, fqn)
        if entity is None:
            raise _make_field_error(column, f"Entity {fqn} of type {entity_type} not found")
        return entity

    def _read_values(self, cell: str, column: str) -> list[str]:
        try:
            return dialect.split_values(cell)
        except MalformedCsvError as error:
            raise _make_field_error(column, str(error)) from None

    def _finish(self) -> Document:
        extra = 1 if self.generation.header_is_a_row else 0
        passed, processed = self.passed + extra, self.passed + self.failed + extra
        status = "success" if passed == processed else "partialSuccess" if passed else "failure"
        result = self._build_result(status, processed, passed, self.failed)
        result["importResultsCsv"] = "".join(self._lines)
        if not self.dry_run and processed > 1:
            self.catalog.record_bulk_import(self.service, result, self.user)
        return result

    def _abort(self, reason: str) -> Document:
        return {**self._build_result("aborted", 1, 0, 1), "abortReason": reason}

    def _build_result(self, status: str, processed: int, passed: int, failed: int) -> Document:
        return {
            "dryRun": self.dry_run,
            "status": status,
            "numberOfRowsProcessed": processed,
            "numberOfRowsPassed": passed,
            "numberOfRowsFailed": failed,
        }


def build_topic(service: Document, name: str, properties: Document) -> Document:
    """Return the document of a topic that does not exist yet."""
    topic = {
        "name": name,
        "fullyQualifiedName": names.join(service["fullyQualifiedName"], name),
        "partitions": 1,
        "service": references.build_reference("messagingService", service),
        "serviceType": service["serviceType"],
        **properties,
    }
    schema_fields.name_fields(topic)
    return topic


def count_rows(text: str) -> int:
    """Return how many rows can be read after the header."""
    count = -1
    try:
        for _ in dialect.parse_records(text):
            count += 1
    except MalformedCsvError:
        pass
    return max(0, count)


def run_to_end(steps: Generator[Progress, None, Any]) -> Any:
    """Run all steps at once and return what they come to."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def _make_field_error(column: str, reason: str) -> _RowRefusedError:
    return _RowRefusedError(f"#INVALID_FIELD: Field {COLUMNS.index(column) + 1} error - {reason}")

"""What is fuzzed: each target takes any bytes, and laws have to hold whatever they are.

The first law of all is that nothing but the package's own errors comes out.
"""

from __future__ import annotations

import copy
import csv
import io
import json
import unicodedata
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from airflow_provider_om_messaging.hooks.connection import read_settings
from airflow_provider_om_messaging.protocol import routes
from airflow_provider_om_messaging.protocol.csv import cells, dialect
from airflow_provider_om_messaging.protocol.csv.check import UnfitCsvError, check_csv, scan_rows
from airflow_provider_om_messaging.protocol.csv.fast_scan import FastCsvValidator
from airflow_provider_om_messaging.protocol.imports.verdict import parse_import_result
from airflow_provider_om_messaging.protocol.jobs import socket_events
from airflow_provider_om_messaging.protocol.jobs.job import read_jobs
from airflow_provider_om_messaging.protocol.jobs.job_list import JobList
from airflow_provider_om_messaging.protocol.jobs.job_log import JobLog
from airflow_provider_om_messaging.protocol.model import name_rules, names
from airflow_provider_om_messaging.protocol.model.masking import holds_mask
from airflow_provider_om_messaging.protocol.patch.changes import parse_structured
from airflow_provider_om_messaging.protocol.patch.history import parse_version_selector
from airflow_provider_om_messaging.protocol.patch.json_patch import DoesNotApplyError, apply_patch
from airflow_provider_om_messaging.protocol.patch.merge import build_member_operations, build_merge_patch
from airflow_provider_om_messaging.protocol.patch.patch_document import (
    build_operations,
    check_operations,
    list_touched_fields,
    predict_patch,
)
from airflow_provider_om_messaging.protocol.wire.errors import find_fault
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.json_values import LimitError, check_depth, is_same_value
from airflow_provider_om_messaging.protocol.wire.message import Reply
from airflow_provider_om_messaging.protocol.wire.redaction import LONGEST_TEXT, redact, replace_secrets

if TYPE_CHECKING:
    from collections.abc import Callable

SECRET = "Zq7hunter2qZ"


def csv_readers(data: bytes) -> None:
    """The fast reader never passes what the exact one refuses, and counts as it does, in whatever pieces."""
    facts = None
    try:
        facts = check_csv([data], "The CSV")
    except Fault as fault:
        check_fault(fault, Cause.INVALID_CSV)
    pieces = [data[start : start + 7] for start in range(0, len(data), 7)]
    assert (facts is None) is _is_refused(pieces)
    for chunks in ([data], pieces):
        proof = FastCsvValidator()
        if all(map(proof.feed, chunks)) and proof.finish() and _has_good_header(proof):
            assert facts is not None
            assert proof.records - 1 == facts.rows


def json_patch(data: bytes) -> None:
    """A patch does what it foretells and leaves its document alone; a diff leads to what it was made for."""
    text = data.decode("utf-8", "surrogatepass" if b"\xed" in data else "replace") if _decodes(data) else ""
    document: Any = {}
    operations: Any = text
    with suppress(ValueError, RecursionError):
        document = json.loads(text)
        if isinstance(document, dict) and "operations" in document:
            document, operations = document.get("document"), document["operations"]
    # Documents come through one gate, which lets no deep ones in.
    entity = document if isinstance(document, dict) and not _depth_is_absurd(document) else {}
    try:
        before = copy.deepcopy(entity)
        checked = check_operations(parse_structured(operations, "operations"))
        after = apply_patch(entity, checked)
        assert is_same_value(entity, before)
        assert set(predict_patch(checked, entity)) == set(list_touched_fields(checked))
        assert isinstance(after, dict)
    except DoesNotApplyError:
        pass
    except Fault as fault:
        check_fault(fault, Cause.INVALID_PARAMETER)
    current, wanted = (entity.get(name) for name in ("connection", "wanted"))
    if isinstance(current, dict) and isinstance(wanted, dict):
        if not holds_mask(wanted) and not _holds_null(wanted):
            made = build_member_operations(current, build_merge_patch(current, wanted))
            assert is_same_value(apply_patch({"connection": current}, made), {"connection": wanted})
        made = build_operations({"style": wanted}, {"style": current})
        assert is_same_value(apply_patch({"style": current}, made), {"style": wanted})


def errors(data: bytes) -> None:
    """Every reply has a named error, or none if it succeeded; its text is one line without secrets."""
    head, _, body = data.partition(b"\n")
    status, *values = head.decode("latin-1").split("|")
    headers = dict(zip(("content-type", "retry-after", "date", "location"), values, strict=False))
    # As the transports do, which know the token.
    body = replace_secrets(body.replace(b"$SECRET", SECRET.encode()), (SECRET,))
    known = status.isascii() and status.isdigit() and len(status) == 3
    reply = Reply(int(status) if known else 500, headers, body)
    for request in (routes.get_service("kafka"), routes.patch_service("1", "0.1")):
        fault = find_fault(request, reply)
        assert fault is not None or 200 <= reply.status < 300
        if fault is not None:
            check_fault(fault)
            assert fault.retry_after is None or 0 <= fault.retry_after < float("inf")
            assert len(fault.message) < 2 * LONGEST_TEXT + 400
    with suppress(Fault):
        reply.parse_json_object()


def jobs(data: bytes) -> None:
    """A list of jobs is read alike with and without what was read before; no text of a job breaks a log."""
    reply = Reply(200, {}, data)
    reader = JobList()
    found = _fault_or(lambda: read_jobs(reply))
    for _ in range(2):
        listed = _fault_or(lambda: reader.read(reply))
        assert isinstance(found, Fault) or listed == found
    single = _fault_or(lambda: [routes.get_job("1").read(reply)])
    for job in [] if isinstance(found, Fault) else found:
        _use(job)
    for job in [] if isinstance(single, Fault) else single:
        _use(job)
    _fault_or(lambda: routes.submit_export("kafka").read(reply))
    for channel in socket_events.CHANNELS:
        socket_events.parse_socket_event(channel, data.decode("utf-8", "replace"))
    result = _fault_or(lambda: parse_import_result(data.decode("utf-8", "replace"), None, 3))
    if not isinstance(result, Fault):
        assert result.rows_failed is None or result.rows_failed >= 0
        check_fault(result.make_rejection_fault(0) or Fault(Cause.CONFLICT, ""))


def cells_of_rows(data: bytes) -> None:
    """What is written into a cell or a row is read from it again, and a cell means what its values mean."""
    text = data.decode("utf-8", "replace")
    column, _, cell = text.partition("\n")
    values = cell.split("|")
    assert dialect.split_values(dialect.join_values(values)) == [value for value in values if value]
    with suppress(dialect.MalformedCellError):
        assert dialect.split_values(dialect.join_values(dialect.split_values(cell))) == dialect.split_values(
            cell
        )
    if "\0" not in cell:
        assert next(csv.reader(io.StringIO(dialect.format_record(values), newline=""), strict=True)) == values
    reading = cells.Reading()
    assert reading.is_same(column, cell, cell)
    assert reading.compute_fingerprint([column], [cell]) == reading.compute_fingerprint([column], [cell])


def names_of_things(data: bytes) -> None:
    """Names are taken apart and put together without loss, and stand in a URL as one segment."""
    text = data.decode("utf-8", "replace")
    parts = _fault_or(lambda: names.split_fqn(text))
    if not isinstance(parts, Fault):
        assert names.split_fqn(names.join_fqn(*parts)) == parts
    if text:
        assert names.split_fqn(names.join_fqn(text, "x", text)) == [text, "x", text]
    service = _fault_or(lambda: names.parse_service_fqn(text))
    if not isinstance(service, Fault) and service == service.strip():
        assert names.parse_service_fqn(service) == service
    assert unquote(names.encode_segment(text)) == text
    assert "/" not in names.encode_segment(text)
    version = _fault_or(lambda: names.normalize_version(text))
    if not isinstance(version, Fault):
        assert names.normalize_version(version) == version
    identifier = _fault_or(lambda: names.parse_job_id(text))
    assert isinstance(identifier, Fault) or names.encode_segment(identifier) == identifier
    _fault_or(lambda: parse_version_selector(text))
    for server in ("1.2.0", "1.6.2", "2.0.1", text):
        name_rules.find_name_problem(text, server)


def connections(data: bytes) -> None:
    """A connection becomes settings or names what is wrong with it, and never shows its secrets."""
    given: Any = None
    with suppress(ValueError, RecursionError):
        given = json.loads(data.replace(b"$SECRET", SECRET.encode()))
    given = given if isinstance(given, dict) else {"host": data.decode("utf-8", "replace")}
    extra, port = given.get("extra"), given.get("port")
    texts = {name: str(given[name]) for name in ("conn_type", "host", "scheme", "password") if name in given}
    try:
        settings = read_settings(
            conn_type=texts.get("conn_type"),
            host=texts.get("host"),
            port=port if isinstance(port, int) and not isinstance(port, bool) else None,
            scheme=texts.get("scheme"),
            password=texts.get("password"),
            extra=extra if isinstance(extra, dict) else {},
        )
    except Fault as fault:
        # A Host is shown if it is no address, and what was pasted there may look like anything.
        if SECRET not in texts.get("host", "") or "@" in texts["host"]:
            check_fault(fault, Cause.INVALID_PARAMETER)
        return
    assert SECRET not in repr(settings)
    hash(settings.identity)
    address = urlsplit(settings.base_url)
    assert address.scheme in {"http", "https"}
    assert address.hostname
    assert settings.base_url.endswith("/api")


def redaction(data: bytes) -> None:
    """A text becomes one short line that stays as it is when it is redacted again; known secrets go."""
    text = data.decode("utf-8", "surrogatepass" if b"\xed" in data and _decodes(data) else "replace")
    shown = redact(text)
    assert shown == " ".join(shown.split())
    assert len(shown) <= LONGEST_TEXT
    shown.encode()
    assert redact(shown) == shown
    for form in (
        'password="{}" ',
        "jwt={} ",
        "<token>{}</token>",
        "Bearer {} ",
        "pass: {} ",
        "http://u:{}@h ",
    ):
        assert SECRET not in redact(form.format(SECRET) + text)
    assert SECRET.encode() not in replace_secrets(data + SECRET.encode() + data, (SECRET,))


TARGETS: dict[str, Callable[[bytes], None]] = {
    "csv": csv_readers,
    "json_patch": json_patch,
    "errors": errors,
    "jobs": jobs,
    "cells": cells_of_rows,
    "names": names_of_things,
    "connections": connections,
    "redaction": redaction,
}


def check_fault(fault: Fault, *causes: Cause) -> None:
    """Check that a fault is of one of the causes, fit for a log, and free of the secret."""
    assert not causes or fault.cause in causes, fault
    assert is_fit_for_logs(fault.message.replace("\n", "")), fault.message
    assert SECRET not in fault.message


def is_fit_for_logs(text: str) -> bool:
    """Return whether a text holds neither control characters nor line ends nor halves of characters."""
    return not any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in text)


def _fault_or(do: Callable[[], Any]) -> Any:
    try:
        return do()
    except Fault as fault:
        check_fault(fault)
        return fault


def _use(job: Any) -> None:
    lines = [line.text for line in JobLog().list_new_lines(job)]
    for text in (str(job), job.format_progress(), job.message, job.error, *lines):
        assert is_fit_for_logs(text), text
    json.dumps(job.to_dict())
    assert JobLog(JobLog().reported).list_new_lines(replace(job, logs=())) is not None


def _is_refused(chunks: list[bytes]) -> bool:
    try:
        check_csv(chunks, "The CSV")
    except Fault:
        return True
    return False


def _has_good_header(proof: FastCsvValidator) -> bool:
    """Tell what a proof leaves to its users to look at."""
    try:
        next(scan_rows([proof.first]))
    except UnfitCsvError:
        return False
    return True


def _decodes(data: bytes) -> bool:
    try:
        data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


def _holds_null(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_null, value.values()))
    return value is None or (isinstance(value, list) and any(map(_holds_null, value)))


def _depth_is_absurd(value: Any) -> bool:
    try:
        check_depth(value, json.dumps(value))
    except (LimitError, RecursionError):
        return True
    return False

"""CSV on its way: exports that are measured while they are written, uploads that are checked before."""

from __future__ import annotations

import hashlib
import io
import re
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from typing import IO, TYPE_CHECKING

from airflow_provider_om_messaging.files.local_files import create_temporary_file
from airflow_provider_om_messaging.files.object_storage import read_chunks
from airflow_provider_om_messaging.files.storage import open_source
from airflow_provider_om_messaging.protocol.csv.check import (
    CsvFacts,
    UnfitCsvError,
    check_csv,
    read_rows,
    scan_rows,
)
from airflow_provider_om_messaging.protocol.csv.columns import BY_NAME
from airflow_provider_om_messaging.protocol.csv.dialect import format_record
from airflow_provider_om_messaging.protocol.csv.fast_scan import BYTE_ORDER_MARK, FastCsvValidator
from airflow_provider_om_messaging.protocol.csv.headers import list_column_names
from airflow_provider_om_messaging.protocol.jobs.job_limits import LARGEST, make_job_limit_fault
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.message import Reply, make_unexpected_reply_fault
from airflow_provider_om_messaging.protocol.wire.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from airflow_provider_om_messaging.files.storage import Destination


@dataclass(frozen=True)
class WrittenCsv:
    """
    What a CSV came to that was written.

    :param rows: data rows, the header not counted.
    :param bytes: length of the CSV, before any compression.
    :param sha256: digest of the CSV, before any compression.
    :param unchanged: whether it was there already, byte for byte, so that the file was left as it is.
    """

    rows: int
    bytes: int
    sha256: str
    unchanged: bool = False


class CsvMeter:
    """Checks and measures a CSV on its way from a server, by what an import's file is checked by."""

    def __init__(self) -> None:
        self.bytes = 0
        """How many have passed so far."""
        self._digest = hashlib.sha256()
        self._rows: int
        self._header: Sequence[str]
        self._last = b""

    def check_chunks(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """
        Hand the chunks on. Only after the last one it is known whether all are worth keeping.

        :raises Fault: they are no CSV of a service; a header alone is one, of a service without topics.
        """
        try:
            yield from self._check(self._measure(chunks))
        except UnfitCsvError as error:
            what = "was cut off: it" if error.is_cut_off else "is not what an import takes: it"
            raise Fault(
                Cause.UNEXPECTED_REPLY, f"The export {what} {redact(error.problem)}. It was not kept."
            ) from None
        if not self._rows:
            raise Fault(Cause.UNEXPECTED_REPLY, "The server sent an empty export: not even a header line.")
        if self._rows == 1 and "description" not in list_column_names(self._header):
            raise Fault(
                Cause.UNEXPECTED_REPLY,
                "The export has no rows, and its only line is not the header of one: "
                f"{redact(', '.join(self._header))}. It was not kept.",
            )
        if (
            self._rows == 1
            and self._last not in b"\r\n"
            and list_column_names(self._header)[-1] not in BY_NAME
        ):
            # Not every reply says how long it is to be.
            raise Fault(
                Cause.UNEXPECTED_REPLY,
                f"The export was cut off: its header ends in {redact(self._header[-1])!r}. It was not kept.",
            )

    @property
    def written(self) -> WrittenCsv:
        """What has passed, once all has."""
        return WrittenCsv(self._rows - 1, self.bytes, self._digest.hexdigest())

    def _measure(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            if not self.bytes:
                _check_start(chunk)
            self._digest.update(chunk)
            self.bytes += len(chunk)
            self._last = chunk[-1:] or self._last
            yield chunk

    def _check(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Hand chunks on and count rows: by a proof as far as it goes, from there on by reading them."""
        proof = FastCsvValidator()
        passed: deque[bytes] = deque()
        for chunk in chunks:
            if not proof.feed(chunk):
                passed.append(chunk)
                break
            yield chunk
        else:
            if proof.finish():
                self._header = next(scan_rows([proof.first]))[1]
                self._rows = proof.records
                return
        header: Sequence[str] = next(scan_rows([proof.first]))[1] if proof.records else ()

        def yield_unread() -> Iterator[bytes]:
            yield proof.unproven
            for chunk in chunks:
                passed.append(chunk)
                yield chunk

        self._header, self._rows = header, proof.records
        for _, row in scan_rows(yield_unread(), header, proof.lines + 1):
            self._header = self._header or row
            self._rows += 1
            while passed:
                yield passed.popleft()
        yield from passed


def read_whole(chunks: Iterable[bytes], max_bytes: int | None = None) -> str:
    """
    Return an export as text.

    :param max_bytes: refuse a longer one.
    :raises Fault: it is too long, or no CSV.
    """
    meter, parts = CsvMeter(), []
    for chunk in meter.check_chunks(chunks):
        parts.append(chunk)
        if max_bytes is not None and meter.bytes > max_bytes:
            raise Fault(
                Cause.INVALID_PARAMETER,
                f"The CSV is longer than {max_bytes:,} bytes: name a destination to write it to.",
            )
    return b"".join(parts).decode("utf-8")


def write_whole(chunks: Iterable[bytes], target: Destination) -> WrittenCsv:
    """
    Write an export to where it belongs.

    :raises Fault: it is no CSV; what was there stays.
    """
    meter = CsvMeter()
    unchanged = target.write(meter.check_chunks(chunks))
    return replace(meter.written, unchanged=unchanged)


def _check_start(chunk: bytes) -> None:
    """Refuse what a login page or a proxy sends with status 200, whatever content type it claims."""
    chunk = chunk.removeprefix(BYTE_ORDER_MARK)
    if Reply(200, {}, chunk).is_html():
        raise make_unexpected_reply_fault("HTML")
    if chunk.lstrip()[:1] in {b"{", b"["}:
        raise make_unexpected_reply_fault("JSON in place of CSV")


def measure_text(text: str) -> WrittenCsv:
    """
    Return what a CSV comes to that is held as text.

    :param text: the whole of it.
    """
    meter = CsvMeter()
    for _ in meter.check_chunks([text.encode("utf-8", "surrogatepass")]):
        pass
    return meter.written


@dataclass(frozen=True)
class CsvUpload:
    """
    A CSV that passed the check and waits to be sent: exactly the bytes that were checked.

    :param facts: what the check found.
    :param body: an open file, standing where the content begins.
    """

    facts: CsvFacts
    body: IO[bytes]

    def rewind(self) -> CsvUpload:
        """Return it, with the body standing where the content begins."""
        self.body.seek(len(BYTE_ORDER_MARK) if self.facts.byte_order_mark else 0)
        return self

    def make_job_limit_fault(self) -> Fault | None:
        """Return why servers from 2.0 would not take it as a job, or None, and leave it as rewound."""
        body = self.rewind().body
        size = self.facts.bytes - body.tell()
        lines = sum(chunk.count(b"\n") for chunk in read_chunks(body)) if size <= LARGEST else 0
        self.rewind()
        return make_job_limit_fault(size, lines)

    def iterate_rows(self) -> Iterator[tuple[int, Sequence[str]]]:
        """Yield its records with the lines that they begin in, the header first, and leave it at its end."""
        self.body.seek(0)
        return read_rows(read_chunks(self.body), "The file")


@contextmanager
def replace_header(upload: CsvUpload, header: Sequence[str]) -> Iterator[CsvUpload]:
    """
    Hand out an upload with its header written in another way.

    :param header: the same columns.
    """
    source = upload.rewind().body
    if list(header) == list(upload.facts.header):
        yield upload
        return
    while not (first := source.readline().lstrip(b"\r\n")):
        pass
    end, beyond = re.split(rb"(\r\n|\r|\n)", first, maxsplit=1)[1:]
    with create_temporary_file() as body:
        # In a file with old line ends, more than the header comes with the first line.
        body.write(",".join(header).encode() + end + beyond)
        for chunk in read_chunks(source):
            body.write(chunk)
        yield _make_upload(upload, body, tuple(header))


@contextmanager
def change_rows(upload: CsvUpload, change: Callable[[Sequence[str]], Sequence[str]]) -> Iterator[CsvUpload]:
    """
    Hand out an upload with other data rows; the same one if none of them changes.

    :param change: returns what a row is to be.
    """
    records = upload.iterate_rows()
    next(records)
    if all(change(row) == row for _, row in records):
        yield upload.rewind()
        return
    with create_temporary_file() as body:
        records = upload.iterate_rows()
        header = next(records)[1]
        for row in chain([header], (change(row) for _, row in records)):
            # With the shortest line end: a file that servers take must not grow too large here.
            body.write(format_record(row).removesuffix("\r\n").encode() + b"\n")
        yield _make_upload(upload, body, upload.facts.header)


def _make_upload(upload: CsvUpload, body: IO[bytes], header: tuple[str, ...]) -> CsvUpload:
    """Return an upload written in another way, to its end."""
    facts = replace(upload.facts, bytes=body.tell(), byte_order_mark=False, header=header)
    return CsvUpload(facts, body).rewind()


@contextmanager
def open_csv_upload(*, source: str | None = None, csv: str | None = None) -> Iterator[CsvUpload]:
    """
    Read and check a CSV, and hand it out for sending.

    The content is copied to a temporary file while it is read, so that what is sent is what was checked, and
    neither has to fit into memory.

    :param source: a local path or a URL, decompressed if it ends in ``.gz``.
    :param csv: the text itself, in place of a source.
    :raises Fault: both or none is given, the file cannot be read, or the CSV is not fit to be sent.
    """
    for name, value in (("source", source), ("csv", csv)):
        if value is not None and not isinstance(value, str):
            raise _make_invalid_fault(name, f"has to be a text, not {type(value).__name__}")
    if source and csv:
        raise _make_invalid_fault(
            "source and csv", "are both given: name a file in source or give the text in csv, not both"
        )
    if not source and not csv:
        raise _make_invalid_fault(
            "source and csv", "are both empty: name a file in source, or give the text in csv"
        )
    with create_temporary_file() as spool:
        if source:
            with open_source(source) as chunks:
                facts = _spool_and_check(chunks, spool, source)
        else:
            facts = _spool_and_check(read_chunks(io.BytesIO(_encode_utf8(csv or ""))), spool, "csv")
        yield CsvUpload(facts, spool).rewind()


def _spool_and_check(chunks: Iterator[bytes], spool: IO[bytes], name: str) -> CsvFacts:
    """Check a CSV while it is kept: by a proof if it can be had, else by reading it."""
    proof, digest = FastCsvValidator(), hashlib.sha256()

    def keep_chunks() -> Iterator[bytes]:
        for chunk in chunks:
            digest.update(chunk)
            spool.write(chunk)
            yield chunk

    proven = all(map(proof.feed, keep_chunks())) and proof.finish()
    size = spool.tell()
    spool.seek(0)
    if not proven:
        return check_csv(chain(read_chunks(spool), _copy_to_file(chunks, spool)), name)
    marked = spool.read(len(BYTE_ORDER_MARK)) == BYTE_ORDER_MARK
    _, header = next(read_rows([proof.first], name))
    return CsvFacts(digest.hexdigest(), size, proof.records - 1, tuple(header), marked)


def _copy_to_file(chunks: Iterable[bytes], file: IO[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        file.write(chunk)
        yield chunk


def _encode_utf8(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Fault(
            Cause.INVALID_CSV,
            f"csv has a character at position {error.start} that UTF-8 does not know. Nothing was sent.",
        ) from None


def _make_invalid_fault(parameter: str, problem: str) -> Fault:
    return Fault(Cause.INVALID_PARAMETER, f"{parameter} {problem}. Nothing was sent.")

"""Looking a CSV through as bytes never says anything else than a reader that takes every cell out of it."""

from __future__ import annotations

import codecs
import csv
import itertools
import re
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from airflow_provider_om_messaging.files import object_storage
from airflow_provider_om_messaging.files.csv_streams import CsvMeter, open_csv_upload
from airflow_provider_om_messaging.protocol.csv import fast_scan
from airflow_provider_om_messaging.protocol.csv.check import UnfitCsvError, check_csv, scan_rows
from airflow_provider_om_messaging.protocol.csv.fast_scan import FastCsvValidator
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from tests.unit.tables import cut_into_pieces, tables, write_table

if TYPE_CHECKING:
    from pathlib import Path

LINE_ENDS = re.compile(rb"\r\n|\r|\n")
chunk_sizes = st.lists(st.integers(1, 9), min_size=1, max_size=5)
# What decides how a CSV is read, in any order, now and then with a header and rows around it.
FRAGMENTS = [
    '"',
    '""',
    ",",
    '",',
    ',"',
    '","',
    "\n",
    "\r\n",
    "\r",
    "a",
    "é",
    "事",
    "\0",
    "\ufeff",
    "a,b\r\n",
    '"a,\n"',
]
anything = st.tuples(
    st.sampled_from(["", "name,x\r\n", "name,x\n", "\ufeffname,x\r\n", '"name","x\n"\n']),
    st.lists(
        st.one_of(st.sampled_from([text.encode() for text in FRAGMENTS]), st.binary(max_size=2)), max_size=14
    ).map(b"".join),
).map(lambda parts: parts[0].encode() + parts[1])

plain_cells = st.sampled_from(["", "a", "é b", "'", " "])
quoted_cells = st.sampled_from(['""', '"a,b"', '"a\n\nb"', '"\r\nx"', '"""a"""', '",""\r"', '"é"'])


@st.composite
def well_formed(draw: st.DrawFn, min_cells: int = 1) -> tuple[bytes, int]:
    """Draw a CSV as its format wants it, byte by byte as no writer would choose, and its number of rows."""
    width = draw(st.integers(min_cells, 3))
    row = st.lists(st.one_of(plain_cells, quoted_cells), min_size=width, max_size=width).map(",".join)
    rows = [text or '""' for text in draw(st.lists(row, min_size=2, max_size=8))]
    end = draw(st.sampled_from(["\n", "\r\n"]))
    return (end.join(rows) + draw(st.sampled_from(["", end]))).encode(), len(rows) - 1


def validate(chunks: list[bytes]) -> FastCsvValidator | None:
    proof = FastCsvValidator()
    return proof if all(map(proof.feed, chunks)) and proof.finish() else None


def read_outcome(checked: Any) -> Any:
    """Return the facts or the words of a check."""
    try:
        with checked() as found:
            return getattr(found, "facts", found)
    except Fault as fault:
        return fault.cause, fault.message


@example(b'a,b\n"x"",y\n', [1])
@example(b'a,b\n","a"b,"c\n', [3])
@example(b"\xef\xbb\xbf\xef\xbb\xbfa,b\nc,d\n", [1])
@example(b"a,b\r,c\nd,e\r,f\n", [100])
@example(b"name,x\r\na,b\r\nc,d\rx\n", [13])
@example(b"name,x\na,\xc3", [100])
@example(b"name,x\na,\xc3x\n", [10])
@example(b"name,x\na,b\0\n", [100])
@given(anything, chunk_sizes)
def test_what_is_proven_is_fit(content: bytes, sizes: list[int]) -> None:
    if proof := validate(cut_into_pieces(content, sizes)):
        facts = read_outcome(lambda: nullcontext(check_csv([content], "x")))
        # All but the names in the header, which are looked at in any case.
        unnamed = isinstance(facts, tuple) and ("no column" in facts[1] or "without a name" in facts[1])
        assert unnamed or proof.records == facts.rows + 1


def test_no_short_text_is_proven_that_is_unfit() -> None:
    fit = 0
    for marks in itertools.chain.from_iterable(itertools.product('",\n\ra', repeat=n) for n in range(1, 6)):
        content = ("name,x\n" + "".join(marks)).encode()
        if proof := validate([content]):
            fit += 1
            assert proof.records == check_csv([content], "x").rows + 1
            assert proof.lines == len(LINE_ENDS.findall(content)) + (not content.endswith(b"\n"))
    assert fit > 50


@given(well_formed(min_cells=2), chunk_sizes)
def test_what_is_as_the_format_wants_it_is_proven(drawn: tuple[bytes, int], sizes: list[int]) -> None:
    content, rows = drawn
    proof = validate(cut_into_pieces(content, sizes))
    assert proof is not None
    assert proof.records == rows + 1


@pytest.mark.parametrize("sizes", [[1], [2], [10], [13], [100]])
def test_bytes_that_a_mark_begins_with_are_no_mark_in_a_later_row(sizes: list[int]) -> None:
    content = "\ufeffname,x\n\uff01,b\n\ufeff,c\n".encode()
    proof = validate(cut_into_pieces(content, sizes))
    assert proof is not None
    assert (proof.records, proof.lines) == (3, 3)


@example((b'name,"\r"\na,"\r"\n', 1), [1])
@example((b'name,"\r"\r\na,"\n"\r\n', 1), [100])
@given(well_formed(min_cells=2), chunk_sizes)
def test_lines_are_counted_inside_of_quotes_too(drawn: tuple[bytes, int], sizes: list[int]) -> None:
    content, _ = drawn
    proof = validate(cut_into_pieces(content, sizes))
    assert proof is not None
    assert proof.lines == len(LINE_ENDS.findall(content)) + (not content.endswith(b"\n"))


@given(tables(min_rows=0), st.sampled_from(["\r\n", "\n"]), chunk_sizes)
def test_a_writers_table_is_proven(table: list[list[str]], line_end: str, sizes: list[int]) -> None:
    table = [[*row, "x"] for row in table]
    fit = len(table) > 1
    assert (validate(cut_into_pieces(write_table(table, line_end), sizes)) is not None) is fit


@given(anything, st.integers(1, 12))
def test_a_check_says_what_a_reader_says(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, size: int
) -> None:
    path: Path = tmp_path_factory.getbasetemp() / "scanned.csv"
    path.write_bytes(content)
    with patch.object(object_storage, "CHUNK", size):
        checked = read_outcome(lambda: open_csv_upload(source=str(path)))
    assert checked == read_outcome(
        lambda: nullcontext(check_csv(cut_into_pieces(content, [size]), str(path)))
    )


@pytest.mark.parametrize("rest", [b"orders,,\r\n", b"\xff", b'"never closed'])
def test_a_check_that_reads_after_all_reads_the_whole(tmp_path: Path, rest: bytes) -> None:
    # Megabytes before and after what cannot be proven.
    good = b'orders,"Orders, placed"\r\n' * 60_000
    content = b"name,description\r\n" + good + b'5" screens,x\r\n' + good + rest
    path = tmp_path / "topics.csv"
    path.write_bytes(content)
    checked = read_outcome(lambda: open_csv_upload(source=str(path)))
    assert checked == read_outcome(lambda: nullcontext(check_csv([content], str(path))))
    if rest == b"\xff":
        assert "line 120003" in checked[1]


def test_a_row_of_many_megabytes_is_left_to_a_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast_scan, "LARGEST_BLOCK", 1000)
    row = b'orders,"' + b"many lines\n" * 50 + b'"\n'
    assert validate(cut_into_pieces(b"name,x\n" + row * 20, [100]))
    assert not validate(cut_into_pieces(b"name,x\n" + row.replace(b"many", b"very, very many") * 2, [100]))


def measure(chunks: list[bytes]) -> tuple[bytes, int] | str:
    """Return what a meter lets through and how many rows it counts, or what it refuses it for."""
    meter = CsvMeter()
    try:
        return b"".join(meter.check_chunks(chunks)), meter.written.rows
    except Fault as fault:
        return f"{fault.cause.value}: {fault.message}"


@given(anything, chunk_sizes)
def test_an_export_is_judged_as_an_imports_file_is(content: bytes, sizes: list[int]) -> None:
    # But for one without rows, which is what a service without topics exports to.
    found = measure(cut_into_pieces(content, sizes))
    rows = -1
    try:
        rows += sum(1 for _ in scan_rows([content]))
    except UnfitCsvError:
        rows = -1
    if rows == 0 and isinstance(found, str):
        assert "its only line is not the header of one" in found
    elif rows >= 0:
        assert found == (content, rows)
    else:
        assert isinstance(found, str)
        assert found.startswith(Cause.UNEXPECTED_REPLY.value)


@pytest.mark.parametrize("rest", [b"orders,,\r\n", b"\xff", b'"never closed', b'5" screens,x\r\n', b"\r\n"])
def test_an_export_is_read_from_where_its_proof_ends(rest: bytes) -> None:
    good = b'orders,"Orders,\r\n placed\ragain"\r\n' * 3000
    content = b"\xef\xbb\xbfname,description\r\n" + good + b"payments,x\r\n" + rest + good
    assert measure_content(content) == measure(cut_into_pieces(content, [7000]))


def test_what_else_a_reader_refuses_is_told_in_its_words() -> None:
    rows = scan_rows([b"name,x\n", b"orders,y\n"])
    next(rows)
    limit = csv.field_size_limit(3)
    try:
        with pytest.raises(UnfitCsvError) as caught:
            next(rows)
    finally:
        csv.field_size_limit(limit)
    problem = "is not readable as CSV in the row that begins in line 2 (field larger than field limit (3))"
    assert (caught.value.problem, caught.value.is_cut_off) == (problem, False)


def test_an_export_that_may_go_on_was_cut_off() -> None:
    for rest, words in (
        (b'"never closed', "was cut off: it has a quote"),
        (b"a,b,c", "not what an import takes"),
    ):
        assert words in str(measure([b"name,x\na,b\n", rest]))


def measure_content(content: bytes) -> tuple[bytes, int] | str:
    return measure([content[:1], content[1:]]) if b"\n" not in content else measure([content])


def test_a_second_byte_order_mark_is_left_to_the_reader_which_refuses_it() -> None:
    assert not FastCsvValidator().feed(codecs.BOM_UTF8 * 2 + b"name,description\r\norders,x\r\n")

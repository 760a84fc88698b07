"""A CSV is read to its end before it is sent: what is fit passes with the right facts, the rest is named."""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import itertools
import tracemalloc
import zipfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.files.csv_streams import CsvMeter, measure_text, open_csv_upload
from airflow_provider_om_messaging.protocol.csv import check
from airflow_provider_om_messaging.protocol.csv.check import LARGEST_CELL, check_csv, read_rows
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from tests.unit.tables import cut_into_pieces, tables, write_table

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADER = b"name,displayName,description,owner,tags,domain\r\n"
chunk_sizes = st.lists(st.integers(1, 9), min_size=1, max_size=5)
line_ends = st.sampled_from(["\r\n", "\n", "\r"])
quotings = st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])


def workbook() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>" * 100)
    return content.getvalue()


def refusal(*chunks: bytes) -> str:
    with pytest.raises(Fault) as caught:
        check_csv(chunks, "topics.csv")
    assert caught.value.cause is Cause.INVALID_CSV
    message = caught.value.message
    assert message.startswith("topics.csv ")
    assert message.endswith("Nothing was sent.")
    return message


@given(tables(), line_ends, quotings, st.booleans(), chunk_sizes)
def test_whatever_a_csv_writer_writes_passes(
    table: list[list[str]], line_end: str, quoting: int, marked: bool, sizes: list[int]
) -> None:
    content = write_table(table, line_end, quoting)
    if marked:
        content = codecs.BOM_UTF8 + content
    facts = check_csv(cut_into_pieces(content, sizes), "topics.csv")
    assert facts.rows == len(table) - 1
    assert facts.header == tuple(table[0])
    assert facts.bytes == len(content)
    assert facts.sha256 == hashlib.sha256(content).hexdigest()
    assert facts.byte_order_mark == marked


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize(
    ("lines", "rows"),
    [
        (["name,x", "a,b", "c,d"], 2),
        (["", "", "name,x", "", "a,b", "", "", "c,d", "", ""], 2),
        (["name", '""', " "], 2),
        (["name,x", '"a', '",b', 'c,"', "", 'd"', ""], 2),
    ],
)
def test_empty_lines_are_no_rows_and_the_last_line_needs_no_end(
    lines: list[str], rows: int, end: str
) -> None:
    content = end.join(lines).encode()
    assert check_csv([content], "x").rows == rows
    assert measure_text(content.decode()).rows == rows


@given(tables(min_rows=2), st.data())
def test_a_row_of_another_width_is_named_by_the_line_it_begins_in(
    table: list[list[str]], data: st.DataObject
) -> None:
    at = data.draw(st.integers(1, len(table) - 1))
    table[at] = [*table[at], "too", "many"] if data.draw(st.booleans()) else ["short", *table[at]]
    line = write_table(table[:at]).replace(b"\r\n", b"\n").replace(b"\r", b"\n").count(b"\n") + 1
    assert f"a row of {len(table[at])} cells in line {line} " in refusal(write_table(table))


def test_a_row_that_is_too_short_is_refused() -> None:
    message = refusal(HEADER + b"orders,Orders\r\n")
    assert "a row of 2 cells in line 2 ('orders'), but the header has 6: name, displayName" in message
    assert message.endswith("owner, tags, domain. Nothing was sent.")


def test_the_example_of_the_vendors_reference_is_refused_with_the_reason() -> None:
    row = b"order_events,Order Events,Events for order processing,team:data-engineering,Tier.Tier1,,\r\n"
    message = refusal(HEADER + b"a,b,c,d,e,f\r\n" + row)
    assert "a row of 7 cells in line 3 ('order_events'), but the header has 6" in message
    assert "a row must not end with a comma too many" in message
    assert "the vendor's API reference" in message


@pytest.mark.parametrize("content", [b"", b"\r\n\r\n", codecs.BOM_UTF8, b"\xef\xbb"])
def test_an_empty_file_is_refused(content: bytes) -> None:
    assert "is empty: not even a header line" in refusal(content)


@pytest.mark.parametrize("content", [HEADER, HEADER.strip(), HEADER + b"\r\n\n"])
def test_a_header_alone_is_refused(content: bytes) -> None:
    # A server would call it a success.
    assert "has a header but no data row" in refusal(content)


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize(
    ("content", "byte", "line"),
    [
        ("name,x\r\na,b\r\nKüche,c\r\n".encode("latin-1"), "0xfc", 3),
        (b"name,x\ra,b\rK\xfcche,c\r", "0xfc", 3),
        (b'name,x\na,"b\nb"\nc,\xff\n', "0xff", 4),
        ("name,x\na,é".encode()[:-1], "0xc3", 2),
        (codecs.BOM_UTF8 + b"name,x\n\xe4,b\n", "0xe4", 2),
    ],
)
def test_what_is_not_utf8_is_named_by_byte_and_line(content: bytes, byte: str, line: int, size: int) -> None:
    # A server would put U+FFFD in its place without a word.
    assert f"is not UTF-8: byte {byte} in line {line}." in refusal(*cut_into_pieces(content, [size]))


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b'name,x\r\na,b\r\nc,"never closed\r\nd,e\r\n', 3),
        (b'name,x\r\n"a\r\na",b\r\n"c', 4),
        (b'"name,x\r\na,b\r\n', 1),
        (b'name,x\r\na,"', 2),
    ],
)
def test_an_open_quote_is_named_by_the_line_its_row_begins_in(content: bytes, line: int, size: int) -> None:
    # A server would have saved the rows before it.
    message = refusal(*cut_into_pieces(content, [size]))
    assert f"a quote that is never closed, in the row that begins in line {line}." in message


def test_text_after_a_closing_quote_is_refused() -> None:
    message = refusal(b'name,x\r\na,b\r\nc,"half "quoted" text"\r\n')
    assert "has text after a closing quote in the row that begins in line 3" in message
    assert "written twice" in message


@pytest.mark.parametrize("size", [1, 1000])
def test_a_null_character_is_refused(size: int) -> None:
    # Databases refuse it, in the middle of an import.
    content = b"name,x\r\na,b\r\n\r\nc,d\0\r\n"
    assert "U+0000 in line 4" in refusal(*cut_into_pieces(content, [size]))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (gzip.compress(HEADER), "is compressed with gzip. Give it a name that ends in .gz."),
        (workbook(), "is an Excel workbook or another ZIP file. Save it as CSV UTF-8."),
        *(
            (mark + HEADER.decode().encode(coding), "is UTF-16, which Excel calls Unicode text.")
            for mark, coding in [
                (codecs.BOM_UTF16_LE, "utf-16-le"),
                (codecs.BOM_UTF16_BE, "utf-16-be"),
                (b"", "utf-16-le"),
                (b"", "utf-16-be"),
            ]
        ),
    ],
    ids=["gzip", "workbook", "marked UTF-16LE", "marked UTF-16BE", "UTF-16LE", "UTF-16BE"],
)
def test_a_file_of_another_kind_is_named_by_its_kind(content: bytes, expected: str) -> None:
    assert expected in refusal(*cut_into_pieces(content, [1000]))


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7])
def test_chunks_may_end_inside_a_character_and_inside_a_line_end(size: int) -> None:
    content = 'name,x\r\n事件,🐘\r\né,"ü\r\nü"\r\n'.encode()
    facts = check_csv(cut_into_pieces(content, [size]), "x")
    assert (facts.rows, facts.header) == (2, ("name", "x"))


@pytest.mark.parametrize("line_breaks", [True, False])
def test_a_cell_of_megabytes_passes_in_no_time(line_breaks: bool) -> None:
    # Longer than Python's csv takes by itself; reading it once took the square of its length.
    part = b"a description\n" if line_breaks else b"a description "
    content = b'name,description\r\norders,"' + part * 500_000 + b'"\r\n'
    assert check_csv(cut_into_pieces(content, [256 * 1024]), "x").rows == 1


def test_the_limit_that_all_csv_readers_share_is_never_lowered() -> None:
    # Another thread may be reading a cell that was within the limit when it began.
    limit = csv.field_size_limit(LARGEST_CELL + 7)
    try:
        check_csv([b"name,x\n1,2\n"], "x")
        assert csv.field_size_limit() == LARGEST_CELL + 7
        csv.field_size_limit(1234)
        rows = [read_rows([b"name,x\n1,2\n", b"3,4\n"], "x") for _ in range(2)]
        for _ in range(3):  # one reader ends while another is at work
            next(rows[0])
            next(rows[1])
        assert next(rows[0], None) is None
        assert csv.field_size_limit() == LARGEST_CELL
    finally:
        csv.field_size_limit(limit)


def endless(chunk: bytes) -> Iterator[bytes]:
    yield b"name,x\r\n"
    while True:
        yield chunk


@pytest.mark.parametrize(
    "chunk",
    [b"x" * 100_000, b"," * 100_000, b'"' + b"x" * 100_000, b'"x\n",' * 20_000, b'""' * 50_000],
    ids=["text", "commas", "quotes", "line ends in quotes", "pairs of quotes"],
)
def test_a_row_without_an_end_is_refused_in_few_words(monkeypatch: pytest.MonkeyPatch, chunk: bytes) -> None:
    monkeypatch.setattr(check, "LARGEST_CELL", 3_000_000)
    monkeypatch.setattr(check, "LONGEST_LINE", 1_000_000)
    with pytest.raises(Fault) as caught:
        check_csv(endless(chunk), "topics.csv")
    assert len(caught.value.message) < 200
    with pytest.raises(Fault) as caught:
        for _ in CsvMeter().check_chunks(endless(chunk)):
            pass
    assert caught.value.cause is Cause.UNEXPECTED_REPLY


def test_a_long_line_is_refused_in_a_text_as_in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "LONGEST_LINE", 5_000_000)
    text = "name,x\r\norders," + "x" * 6_000_000 + "\r\n"
    with pytest.raises(Fault, match="csv has no line end in 5,000,000 char"), open_csv_upload(csv=text):
        pass


def test_a_row_of_many_small_cells_has_a_limit_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "LARGEST_CELL", 1_000_000)
    with pytest.raises(Fault, match="has a row of more than 1,000,000 characters"):
        check_csv(endless(b'"' + b"x" * 50_000 + b'\n",'), "topics.csv")


def test_many_small_rows_are_no_large_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "LARGEST_CELL", 1000)
    monkeypatch.setattr(check, "MOST_COMMAS", 100)
    rows = [b'orders,"of\ntoday"\r\n'] * 500
    assert len(list(read_rows([b"name,description\r\n", *rows], "topics.csv"))) == 501


@pytest.mark.parametrize(
    ("name", "row", "more", "words"),
    [
        ("LARGEST_CELL", b"x,345678", b"9", "a row of more than 8 characters"),
        ("MOST_COMMAS", b",,,,,,,,", b",", "a row of more than 8 commas"),
        ("LONGEST_LINE", b"x,345678", b"9", "no line end in 8 characters from line 2 on"),
    ],
)
def test_a_row_may_be_as_large_as_the_limit_and_no_larger(
    monkeypatch: pytest.MonkeyPatch, name: str, row: bytes, more: bytes, words: str
) -> None:
    monkeypatch.setattr(check, name, 8)
    header = b"name" + b",x" * row.count(b",")
    assert check_csv([header, b"\n", row], "x").rows == 1
    assert words in refusal(header, b"\n", row, more)


@pytest.mark.parametrize("line", [b'"\n",' + b"," * 1_000_000, b"," * 9_000_000 + b"\n"])
def test_a_row_of_commas_takes_little_memory(line: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(Fault, match="has a row of more than 4,194,304 commas"):
            for _ in CsvMeter().check_chunks(itertools.chain([b"name,x\r\n"], itertools.repeat(line))):
                pass
        assert tracemalloc.get_traced_memory()[1] < 128 * 1024 * 1024
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("rows", [0, 1])
def test_a_million_columns_are_refused_in_few_words(rows: int) -> None:
    header = ",".join(["name", *(f"c{number}" for number in range(1_000_000))])
    message = refusal((header + "\n" + "x," * 1_000_000 * rows).encode())
    assert "has a header of 1,000,001 columns: name, c0, c1" in message
    widest = ",".join(["name", *(f"c{number}" for number in range(999))])
    assert len(list(read_rows([widest.encode()], "x"))) == 1
    assert "has a header of 1,001 columns" in refusal(f"{widest},y".encode())
    assert len(message) < 500
    message = refusal(b"name,x\n" + b"y," * 1_000_000)
    assert "has a row of 1000001 cells in line 2" in message
    assert len(message) < 600


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sep=,\r\nname,description\r\na,b\r\n", "begins with the line 'sep=,'"),
        ("sep=;\r\nname;description\r\na;b\r\n", "begins with the line 'sep=;'"),
        ('"sep=,"\nname,description\na,b\n', "which is for Excel alone"),
        ("\ufeffsep=\t\nname\tdescription\na\tb\n", "which is for Excel alone"),
        ("name,description,,\r\na,b,,\r\n", "has columns without a name at the end of its header"),
        ("name*,description,\r\na,b,\r\n", "Delete the empty columns"),
        ('name,description, ,\t,"\u00a0"\r\na,b,,,\r\n', "Delete the empty columns"),
        ("name,,description\r\na,,b\r\n", "has a column without a name in its header"),
        ("name;owner\r\na;b\r\n", "has semicolons between its cells"),
        ('"tags"\t"name*"\r\n"a"\t"b"\r\n', "has tabs between its cells"),
        ("description,owner\r\na,b\r\n", "has no column 'name'"),
        ("upstream connect error or disconnect\r\nreset\r\n", "has no column 'name'"),
    ],
)
def test_what_spreadsheets_make_of_the_first_lines_is_named(text: str, words: str) -> None:
    with pytest.raises(Fault, match=words) as caught, open_csv_upload(csv=text):
        pass
    assert caught.value.cause is Cause.INVALID_CSV


def test_only_the_first_line_is_taken_for_what_spreadsheets_make_of_it() -> None:
    assert check_csv([b"\n\nname,x\n\nsep=,\nname;x,\n"], "x").rows == 2
    assert "has semicolons between" in refusal(b"\r\n\n", b"name;x\r\na;b\r\n")


def test_a_semicolon_in_a_name_of_a_column_separates_nothing() -> None:
    with open_csv_upload(csv="name,a;name;b\r\nx,y\r\n") as upload:
        assert upload.facts.header == ("name", "a;name;b")


@pytest.mark.parametrize(("mark", "called"), [(";", "semicolons"), ("\t", "tabs")])
@pytest.mark.parametrize("cell", ["plain", '"a, b"', "a, b"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_a_spreadsheets_separators_are_told(mark: str, called: str, cell: str, quote: str) -> None:
    text = f"\ufeff{quote}name*{quote}{mark}{quote}description{quote}\r\norders{mark}{cell}\r\n"
    with (
        pytest.raises(Fault, match=f"has {called} between its cells .* Save it with commas"),
        open_csv_upload(csv=text),
    ):
        pass

"""Writing CSV in a server's place: the same bytes, and cells that come back as they were."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from airflow_provider_om_messaging.protocol.csv import dialect
from airflow_provider_om_messaging.sandbox.csv import dialect as server_dialect

TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")) | st.text(' ",;\r\n#a')


@given(st.lists(TEXT, min_size=1, max_size=6))
def test_a_line_has_the_bytes_of_the_server_and_reads_back(cells: list[str]) -> None:
    line = dialect.format_record(cells)
    assert line == server_dialect.format_record(cells)
    assert list(csv.reader(io.StringIO(line, newline=""))) == [cells]


@given(st.lists(TEXT.filter(bool), max_size=4))
def test_values_in_one_cell_come_back(items: list[str]) -> None:
    cell = dialect.join_values(items)
    assert cell == server_dialect.join_values(items)
    assert dialect.split_values(cell) == items


@example('"a')
@example('\n"a')
@example('\n"a"b')
@example(f'"{"a" * 300}"')
@example('x\ny;"a')
@example('x\n"a\n')
@example('x\r\n"a"b')
@example('"a"b')
@example('x;"a\n"b')
@example('x\ry;"a" b')
@example('"a" \t;b\r\n;c')
@given(TEXT)
def test_any_cell_is_split_or_refused_as_by_the_server(cell: str) -> None:
    try:
        expected = server_dialect.split_values(cell)
    except server_dialect.MalformedCsvError as error:
        with pytest.raises(dialect.MalformedCellError, match=re.escape(str(error))):
            dialect.split_values(cell)
    else:
        assert dialect.split_values(cell) == expected


@example([["b", "#a"], ["b", " a"], ["b", "a "], ["#"], ["", "b"], [""]])
@example([["a\0a"], ["a\0a", "b"], ["b", "a\0,a"]])
@given(st.lists(st.lists(TEXT | st.text("\0a "), min_size=1, max_size=4), max_size=4))
def test_many_lines_are_written_as_each_of_them(rows: list[list[str]]) -> None:
    assert dialect.format_records(rows) == "".join(map(dialect.format_record, rows))

"""Splitting a file into batches and merging their verdicts loses and doubles no row."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.protocol.csv.batches import format_csv, split_into_batches
from airflow_provider_om_messaging.protocol.csv.check import check_csv, read_rows
from airflow_provider_om_messaging.protocol.imports.row_verdicts import build_result, format_verdicts
from airflow_provider_om_messaging.protocol.imports.verdict import Verdict, parse_verdicts
from tests.unit.tables import cells, tables, write_table

if TYPE_CHECKING:
    from random import Random


@given(tables(), st.integers(1, 5))
def test_the_batches_are_whole_and_hold_every_row_once(table: list[list[str]], size: int) -> None:
    records = list(read_rows([write_table(table)], "file"))
    header, rows = records[0][1], records[1:]
    parts = [format_csv(header, batch).encode() for batch in split_into_batches(rows, size)]
    merged = []
    for part in parts:
        assert 1 <= check_csv([part], "batch").rows <= size
        first, *rest = (row for _, row in read_rows([part], "batch"))
        assert first == table[0]
        merged += rest
    assert merged == table[1:]


@given(st.lists(st.tuples(cells.filter(bool), st.sampled_from(["success", "failure"]), cells), max_size=8))
def test_merged_verdicts_are_read_back_as_they_were(expected: list[tuple[str, str, str]]) -> None:
    verdicts = [Verdict(*verdict) for verdict in expected]
    result = build_result(verdicts, dry_run=False)
    assert parse_verdicts(result.results_csv) == verdicts
    assert result.rows_processed == len(verdicts)
    assert (result.rows_passed or 0) + (result.rows_failed or 0) == len(verdicts)


@given(st.lists(cells.filter(bool), min_size=1, max_size=8), st.randoms())
def test_every_row_gets_its_own_verdict_whatever_the_servers_order(names: list[str], random: Random) -> None:
    rows = [[name, "x"] for name in names]
    verdicts = [Verdict(name, "success", f"of {name}") for name in names]
    random.shuffle(verdicts)
    content = write_table([["name", "text"], *rows])
    table = b"".join(format_verdicts(read_rows([content], "file"), verdicts)).decode()
    header, *details = csv.reader(io.StringIO(table, newline=""))
    assert header == ["line", "status", "details", "name", "text"]
    assert [row[3:] for row in details] == rows
    assert [row[0] for row in details] == [str(line) for line, _ in [*read_rows([content], "file")][1:]]


@pytest.mark.parametrize("statuses", [["success"], ["failure"], ["success", "failure"]])
def test_the_status_of_all_follows_from_the_rows(statuses: list[str]) -> None:
    result = build_result([Verdict("a", status, "") for status in statuses], dry_run=True)
    assert result.status == {"success": "success", "failure": "failure"}.get(
        "".join(statuses), "partialSuccess"
    )

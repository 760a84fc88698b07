"""Whatever the text: what is written is read, and what is imported is exported."""

from __future__ import annotations

import contextlib
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_om_messaging.sandbox.csv import dialect
from tests.contract.sandbox.csv.results import import_text
from tests.contract.sandbox_http import Api, build_row, build_table, list_outcomes, read

_words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
_names = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='>":'), min_size=1, max_size=30
)
_owners = st.sampled_from(
    ["", "user:alice", "user:alice;user:o'brien", "team:growth", "team:fulfilment.eu", "user:jürgen"]
)
_tags = st.sampled_from(
    ["", "PII.None", '"Compliance.PCI;DSS";Tier.Tier1', 'Retention."30.days"', '"Compliance.HIPAA, US"']
)
_domains = st.sampled_from(["", "Finance.Payments", '"""Retail.EU"""', "物流;Finance"])
_topics = st.lists(
    st.tuples(_names, _words, _words, _owners, _tags, _domains),
    min_size=1,
    max_size=6,
    unique_by=lambda topic: topic[0],
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(topics=_topics)
def test_whatever_was_imported_is_exported_and_importing_that_changes_nothing(
    shared: Api, topics: list[Any]
) -> None:
    service = "clicks_kinesis"
    answer = import_text(shared, build_table(*(build_row(*topic) for topic in topics)), fqn=service)
    assert answer["status"] == "success", answer
    exported = shared.export(service)
    cells = {record[0]: record for record in read(exported)[1:]}
    for name, display_name, description, *_ in topics:
        assert cells[name][1:3] == [display_name, description]
    before = shared.json("/v1/topics", params={"service": service, "limit": 1000, "fields": "*"})
    for dry_run in ("true", "false"):
        again = import_text(shared, exported, dry_run, service)
        assert again["numberOfRowsFailed"] == 0
        assert {expected_text for _, expected_text in list_outcomes(again).values()} == {"Entity updated"}
    after = shared.json("/v1/topics", params={"service": service, "limit": 1000, "fields": "*"})
    assert after == before


_tables = st.lists(
    st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=5), max_size=5
)


@given(_tables)
def test_what_the_writer_writes_both_readers_read(rows: list[list[str]]) -> None:
    text = "".join(dialect.format_record(cells) for cells in rows)
    assert list(dialect.parse_records(text)) == rows
    if "\0" not in text:
        assert read(text) == rows


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), max_size=5))
def test_values_of_a_cell_come_back(values: list[str]) -> None:
    assert dialect.split_values(dialect.join_values(values)) == values


@given(st.text('a",;\r\n ', max_size=30))
def test_any_text_is_records_or_an_error(text: str) -> None:
    with contextlib.suppress(dialect.MalformedCsvError):
        assert all(record for record in dialect.parse_records(text))

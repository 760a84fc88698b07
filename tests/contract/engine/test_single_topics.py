"""Some topics of many, each read by itself: the same rows that a list of all gives."""

from __future__ import annotations

import pytest

from airflow_provider_om_messaging.files.csv_streams import open_csv_upload
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.operators.support.imports.import_outcome import FileImport
from airflow_provider_om_messaging.sandbox import Sandbox
from tests.contract.sandbox_http import read

SERVICE = "sample_kafka"
MANY = 300_000


@pytest.mark.parametrize("columns", ["documented", "extended"])
@pytest.mark.parametrize("generation", ["1.2", "1.6", "1.13", "2.0"])
def test_rows_are_those_of_the_whole_export(
    generation: str, columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Sandbox(generation=generation, edition="open-source") as server:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", server.airflow_connection())
        hook = OpenMetadataMessagingHook()
        header, *rows = read(hook.export_csv(SERVICE, columns=columns))
        wanted = rows[::3]
        engine = hook.engine(columns=columns)
        server.clear_journal()
        limited = engine.limit_to([*(row[0] for row in wanted), "gone", 'a "b".c'], MANY)
        assert read(hook.export_csv(SERVICE, engine=limited)) == [header, *wanted]
        asked = [entry["path"] for entry in server.journal if entry["path"].startswith("/v1/topics")]
        assert len(asked) == len(wanted) + 2
        assert "/v1/topics" not in asked
        assert read(hook.export_csv(SERVICE, engine=engine)) == [header, *rows]


@pytest.mark.parametrize(("names", "topics", "lists"), [(3, 3_000, 0), (4, 3_000, 1), (0, 0, 0)])
def test_a_list_is_asked_for_where_that_takes_fewer_requests(
    names: int, topics: int, lists: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Sandbox(edition="open-source") as server:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", server.airflow_connection())
        hook = OpenMetadataMessagingHook()
        limited = hook.engine().limit_to(
            [row[0] for row in read(hook.export_csv(SERVICE))[1 : 1 + names]], topics
        )
        server.clear_journal()
        hook.export_csv(SERVICE, engine=limited)
        assert sum(entry["path"] == "/v1/topics" for entry in server.journal) == lists


@pytest.mark.parametrize("columns", ["documented", "extended", "schema_fields"])
def test_planned_rows_are_found_in_place(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(edition="open-source") as server:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", server.airflow_connection())
        hook = OpenMetadataMessagingHook()
        text = hook.export_csv(SERVICE, columns=columns)
        planned = dict.fromkeys([row[0] for row in read(text)[1::7]], "")
        assert planned
        with open_csv_upload(csv=text) as upload:
            file = FileImport(hook, SERVICE, upload, hook.engine(columns=columns), planned, MANY)
            assert file.list_differing() == []

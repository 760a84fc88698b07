"""Which generations and editions there are, and what each holds; 1.2 was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from airflow_provider_om_messaging.sandbox import DataError, Sandbox
from airflow_provider_om_messaging.sandbox.generations import EDITIONS, GENERATIONS
from tests.contract.sandbox.generations.shared import CSV_ROUTES, KAFKA, is_framework_error
from tests.contract.sandbox_http import TEXT, Api

if TYPE_CHECKING:
    from pathlib import Path

# -- being asked which


@pytest.mark.parametrize(
    ("generation", "version"), [("2.0", "2.0.1"), ("1.13", "1.13.2"), ("1.6", "1.6.0"), ("1.2", "1.2.0")]
)
def test_the_version_is_told_without_a_token(
    all_of_them: dict[str, Api], generation: str, version: str
) -> None:
    api = all_of_them[generation]
    assert requests.get(f"{api.sandbox.url}/api/v1/system/version", timeout=300).json()["version"] == version
    assert (api.sandbox.generation, api.sandbox.version) == (generation, version)
    state = requests.get(f"{api.sandbox.url}/_sandbox", timeout=300).json()
    assert (state["generation"], state["edition"]) == (generation, "documented")


@pytest.mark.parametrize("wrong", [{"generation": "1.3"}, {"edition": "collate"}])
def test_there_are_only_so_many(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="is one of"):
        Sandbox(**wrong)


def test_a_switch_that_is_given_wins() -> None:
    with Sandbox(generation="1.2", edition="open-source", csv_routes=True, if_match=True) as sandbox:
        api = Api(sandbox)
        assert api.get(f"{KAFKA}/export").status_code == 200
        assert api.get(KAFKA).headers["ETag"]


def test_data_of_another_generation_is_not_taken_up(tmp_path: Path) -> None:
    with Sandbox(data=tmp_path, generation="1.2"):
        pass
    with pytest.raises(DataError, match=r"generation 1\.2, not 2\.0"):
        Sandbox(data=tmp_path).start()
    with Sandbox(data=tmp_path, generation="1.2") as sandbox:
        assert Api(sandbox).service("orders_redpanda", "owner")["owner"]["name"] == "payments"


# -- editions


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize(("method", "route"), CSV_ROUTES)
def test_csv_routes_are_unknown_in_the_open_source_edition(generation: str, method: str, route: str) -> None:
    with Sandbox(generation=generation, edition="open-source") as sandbox:
        for api in (Api(sandbox), Api(sandbox, "")):
            assert is_framework_error(api(method, f"{KAFKA}/{route}", headers=TEXT), 404)


@pytest.mark.parametrize("edition", EDITIONS)
def test_everything_else_is_there_in_both_editions(edition: str) -> None:
    with Sandbox(edition=edition) as sandbox:
        assert Api(sandbox).json("/v1/csvAsyncJobs") == []
        assert Api(sandbox).service()["name"] == "sample_kafka"


@pytest.mark.parametrize("generation", ["1.13", "1.2"])
def test_jobs_cannot_be_asked_after_before_2_0(all_of_them: dict[str, Api], generation: str) -> None:
    assert is_framework_error(all_of_them[generation].get("/v1/csvAsyncJobs"), 404)


# -- many


def test_many_topics_come_in_pages() -> None:
    with Sandbox(generation="1.2", topics=2_500, services=40) as sandbox:
        assert sandbox.services()["big_kafka"] == 2_500
        assert len([name for name in sandbox.services() if name.startswith("team_")]) == 40
        api, names, params = Api(sandbox), [], {"service": "big_kafka", "limit": 1000, "fields": "owner,tags"}
        while True:
            page = api.json("/v1/topics", params=params)
            names += [topic["name"] for topic in page["data"]]
            if "after" not in page["paging"]:
                break
            params["after"] = page["paging"]["after"]
        assert (len(names), page["paging"]["total"]) == (2_500, 2_500)
        assert names == sorted(set(names))
        assert len(api.json("/v1/topics", params={"service": "big_kafka"})["data"]) == 10


@pytest.mark.parametrize("wrong", [{"topics": -1}, {"services": -1}])
def test_there_cannot_be_less_than_none(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="0 or more"):
        Sandbox(**wrong)

"""A path or URL that a task logs stands between blanks, so that it can be clicked and copied."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.exceptions import OpenMetadataError
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator
from airflow_provider_om_messaging.operators.import_csv import ImportMessagingServiceOperator
from airflow_provider_om_messaging.operators.plan import PlanMessagingServiceImportOperator
from tests.in_airflow.running import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from airflow_provider_om_messaging.sandbox import Sandbox

SERVICE = "orders_redpanda"
HEADER = "name,displayName,description,owner,tags,domain\n"
ADDRESS = re.compile(r"(?<![\w.])(?:[a-z0-9]+://|/)[\w.:-]+/\S*")


def check(text: str, *expected: str) -> None:
    """Check the addresses in what was logged or raised, among which the expected ones have to be."""
    found = ADDRESS.findall(text)
    assert [address for address in found if address[-1] in ".,:;!?)'\""] == []
    assert set(expected) <= set(found), text


def test_what_goes_well(sandbox: Sandbox, tmp_path: Path, log_text: Callable[[], str]) -> None:
    file, plan, results = (str(tmp_path / name) for name in ("topics.csv.gz", "plan", "results.csv"))
    run(ExportMessagingServiceOperator(task_id="t", service=SERVICE, destination=file))
    check(log_text(), file)
    run(
        PlanMessagingServiceImportOperator(
            task_id="t", service=SERVICE, csv=f"{HEADER}orders-placed,Placed,,,,\n", plan_destination=plan
        )
    )
    check(log_text(), f"{plan}.json", f"{plan}.html")
    run(
        ImportMessagingServiceOperator(task_id="t", service=SERVICE, source=file, results_destination=results)
    )
    check(log_text(), results)
    _, message = OpenMetadataMessagingHook().test_connection()
    check(message, f"{sandbox.url}/api")


def test_every_path_that_cannot_be_used(sandbox: Sandbox, tmp_path: Path) -> None:
    file, folder, link = tmp_path / "topics.csv", tmp_path / "folder", tmp_path / "link.csv"
    file.write_text(HEADER)
    folder.mkdir()
    link.symlink_to(tmp_path / "nowhere" / "a.csv")
    unreadable = tmp_path / "topics.csv.gz"
    unreadable.write_text(HEADER)
    cases: list[tuple[str, object]] = [
        *[("destination", path) for path in (folder, link, file / "a.csv", folder / "a" / "b.csv")],
        *[("destination", path) for path in (f"{folder}/", "/dev/null", f"{folder}/None.csv")],
        *[("source", path) for path in (folder, folder / "a.csv", "/dev/null", unreadable, file)],
        *[("source", path) for path in ("file://host/a.csv", "nosuch://bucket/a.csv")],
    ]
    for parameter, path in cases:
        task: Any = {"source": ImportMessagingServiceOperator}.get(parameter, ExportMessagingServiceOperator)
        with pytest.raises(OpenMetadataError) as caught:
            run(task(task_id="t", service=SERVICE, **{parameter: path}))
        check(str(caught.value))
        assert str(path).rstrip("/").rpartition("/")[0] in str(caught.value)
    assert sandbox.journal == []


@pytest.mark.parametrize("fault", ["html", "403", "429", "500", "502", "leak", "drop", "cut"])
def test_servers_that_fail(sandbox: Sandbox, tmp_path: Path, log_text: Callable[[], str], fault: str) -> None:
    sandbox.fault(fault, path="/export$", times=9, retry_after=0)
    with pytest.raises(OpenMetadataError) as caught:
        run(ExportMessagingServiceOperator(task_id="t", service=SERVICE, destination=tmp_path / "t.csv"))
    check(f"{log_text()} {caught.value}")


def test_connections_that_fail(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    token, empty = tmp_path / "token", tmp_path / "empty"
    empty.touch()
    for connection in (
        {"host": "http://127.0.0.1:9/api", "password": "x.y.z"},
        {"host": "", "password": "x.y.z"},
        {"host": "http://a b/api", "password": "x.y.z"},
        {"host": "localhost", "extra": {"token_file": str(token)}},
        {"host": "localhost", "extra": {"token_file": str(empty)}},
        {"host": "localhost", "password": "x.y.z", "extra": {"verify": str(token)}},
        {"host": "http://example.com", "password": "x.y.z", "extra": {"proxy": "socks5://proxy.local/x"}},
    ):
        monkeypatch.setenv("AIRFLOW_CONN_FAILING", json.dumps({"conn_type": "om_messaging", **connection}))
        succeeded, message = OpenMetadataMessagingHook("failing").test_connection()
        assert not succeeded
        check(message)


@pytest.mark.parametrize(
    "parameter", ["destination", "source", "against", "plan_destination", "results_destination"]
)
def test_a_missing_storage_is_named_with_what_to_install(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, parameter: str
) -> None:
    task: Any = {
        "destination": ExportMessagingServiceOperator,
        "against": PlanMessagingServiceImportOperator,
        "plan_destination": PlanMessagingServiceImportOperator,
    }.get(parameter, ImportMessagingServiceOperator)
    others = {} if parameter in {"destination", "source"} else {"csv": f"{HEADER}orders-placed,Placed,,,,\n"}
    url = "gs://bucket/topics.csv"
    with pytest.raises(
        OpenMetadataError, match=rf"^{parameter} cannot be opened .*install apache-airflow-providers-google\)"
    ) as caught:
        run(task(task_id="t", service=SERVICE, **{**others, parameter: url}))
    assert url.removesuffix(".csv") in str(caught.value)
    assert sandbox.journal == []

"""Two files are compared by what their names mean on the server, as a file and the server are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_om_messaging.operators.plan import PlanMessagingServiceImportOperator
from airflow_provider_om_messaging.sandbox import Sandbox
from tests.contract.sandbox_http import Api
from tests.in_airflow.running import run
from tests.in_airflow.topics import SERVICE, export_rows, format_csv

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize("generation", ["1.2", "2.0"])
def test_blanks_around_a_name_are_a_part_of_it_only_if_something_has_that_name(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    log_text: Callable[[], str],
    generation: str,
) -> None:
    with Sandbox(generation=generation, edition="open-source") as sandbox:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", sandbox.airflow_connection())
        api = Api(sandbox, sandbox.admin_token)
        document = {"name": " Finance", "domainType": "Aggregate", "description": "x"}
        made = api("POST", "/v1/domains", json=document)
        assert made.status_code == 201, made.text
        row = export_rows()[0]
        for name, domain in (("plain", "Finance"), ("blank", " Finance"), ("after", "Finance ")):
            (tmp_path / name).write_text(format_csv([{**row, "domain": domain}]), "utf-8")

        def changed(now: str, against: str | None) -> int:
            operator = PlanMessagingServiceImportOperator(
                task_id="plan",
                service=SERVICE,
                source=str(tmp_path / now),
                against=against and str(tmp_path / against),
            )
            return int(run(operator)["changed"])

        assert changed("blank", "plain") == 1
        assert changed("after", "plain") == 0
        assert "There is no domain of the name 'Finance '" in log_text()
    # Without a server, blanks are left out.
    assert changed("blank", "plain") == 0
    assert "because the server cannot be asked: 127.0.0.1" in log_text()

"""Lists of services, page by page."""

from __future__ import annotations

from airflow_provider_om_messaging.protocol.services.pages import list_services
from airflow_provider_om_messaging.protocol.wire.capabilities import parse_generation
from tests.unit.replies import build_json_reply


def test_services_of_an_old_server_have_the_names_of_today() -> None:
    owner = {"id": "1", "type": "user"}
    services = [{"id": "7", "name": "kafka", "owner": owner}, {"id": "8", "name": "kinesis"}]
    document = {"data": services, "paging": {"total": 3, "after": "cursor"}}
    found = list_services(("owners",), parse_generation("1.2.0")).read(build_json_reply(200, document))
    assert [service["name"] for service in found.entities] == ["kafka", "kinesis"]
    assert found.entities[0]["owners"] == [owner]
    assert (found.after, found.total) == ("cursor", 3)

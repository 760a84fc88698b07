"""Every sandbox starts with the same data, whatever others in the same process were told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_om_messaging.sandbox import Sandbox
from airflow_provider_om_messaging.sandbox.generations import GENERATIONS
from tests.contract.sandbox_http import SERVICES, TEXT, Api

COLLECTIONS = ("services/messagingServices", "topics", "users", "teams", "tags", "glossaryTerms", "domains")
EDITED = "sample_kafka.orders"


def read_all(api: Api) -> Any:
    """Return all that a server shows of its entities, of an old one's history and of its events."""
    shown = {}
    for collection in COLLECTIONS:
        fields = "owners,tags" if collection in {"services/messagingServices", "topics"} else ""
        if api.sandbox.generation == "1.2":
            fields = fields.replace("owners", "owner")
        query = {"limit": 1000, "include": "all", "fields": fields}
        shown[collection] = api.json(f"/v1/{collection}", params=query)["data"]
    for service in shown["services/messagingServices"]:
        shown[service["name"]] = api.json(f"{SERVICES}/{service['id']}/versions")["versions"]
    shown["events"] = api.json("/v1/events", params={"timestamp": 0, "entityUpdated": "*", "limit": 1000})
    return json.loads(json.dumps(shown).replace(api.sandbox.url, ""))


def change_much(api: Api) -> None:
    """Edit, take edits of one version back, delete and restore, import, and delete for good."""
    topic = api.topic(EDITED)
    for text in ("First.", "Second.", topic["description"]):
        change = {"op": "add", "path": "/description", "value": text}
        assert api.patch(f"/v1/topics/{topic['id']}", change).status_code == 200
    service = api.service()
    for member in ("displayName", "description"):
        change = {"op": "add", "path": f"/{member}", "value": "Edited"}
        assert api.patch(f"{SERVICES}/{service['id']}", change).status_code == 200
    field = {"op": "add", "path": "/messageSchema/schemaFields/0/description", "value": "Edited"}
    assert api.patch(f"/v1/topics/{topic['id']}", field).status_code == 200
    assert api("DELETE", f"/v1/topics/{topic['id']}").status_code == 200
    assert api("PUT", "/v1/topics/restore", json={"id": topic["id"]}).status_code == 200
    header, *rows = api.export().splitlines()
    rows = [row.replace(",", ",Edited ", 1) for row in rows]
    path = f"{SERVICES}/name/sample_kafka/import"
    imported = api("PUT", path, params={"dryRun": "false"}, data="\n".join([header, *rows]), headers=TEXT)
    assert imported.json()["numberOfRowsPassed"] > 1
    gone = {"hardDelete": "true", "recursive": "true"}
    assert api("DELETE", f"{SERVICES}/{service['id']}", params=gone).status_code == 200


@pytest.mark.parametrize("generation", GENERATIONS)
def test_what_one_server_was_told_the_next_does_not_know(generation: str) -> None:
    with Sandbox(generation=generation) as first, Sandbox(generation=generation) as beside:
        api = Api(first, first.admin_token)
        before = read_all(api)
        change_much(api)
        assert read_all(api) != before
        assert read_all(Api(beside, beside.admin_token)) == before
    with Sandbox(generation=generation) as later:
        assert read_all(Api(later, later.admin_token)) == before

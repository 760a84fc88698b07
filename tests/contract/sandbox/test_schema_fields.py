"""Fields of schemas: what of them is shown, changed and reported in versions, and what that takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.sandbox import Sandbox
from airflow_provider_om_messaging.sandbox.generations import GENERATIONS
from tests.contract.sandbox_http import Api

if TYPE_CHECKING:
    from collections.abc import Iterator

TOPIC = "sample_kafka.orders"
PATH = f"/v1/topics/name/{TOPIC}"
NAME = "/messageSchema/schemaFields/0/children/1/children/1"
"""Where the field ``Order.customer.name`` is."""


@pytest.fixture(scope="module", params=list(GENERATIONS))
def api(request: pytest.FixtureRequest) -> Iterator[Api]:
    with Sandbox(generation=request.param) as running:
        yield Api(running, running.admin_token)


def put(path: str, value: object) -> dict[str, Any]:
    return {"op": "add", "path": path, "value": value}


def patch(api: Api, *operations: dict[str, Any]) -> Any:
    reply = Api(api.sandbox, api.token).patch(f"/v1/topics/{api.topic(TOPIC)['id']}", *operations)
    return reply.json() if reply.status_code == 200 else (reply.status_code, reply.text)


def name_field(topic: Any) -> Any:
    return topic["messageSchema"]["schemaFields"][0]["children"][1]["children"][1]


def labels(field: Any) -> dict[str, str]:
    return {label["tagFQN"]: label["labelType"] for label in field["tags"]}


def test_labels_come_on_request_and_with_those_of_their_terms(api: Api) -> None:
    field = name_field(api.topic(TOPIC, "tags"))
    assert field["fullyQualifiedName"] == "sample_kafka.orders.Order.customer.name"
    assert labels(field) == {
        "PII.NonSensitive": "Manual",
        "Business.Person": "Manual",
        "Compliance.GDPR": "Derived",
    }
    assert "tags" not in name_field(api.topic(TOPIC, "extension"))
    dotted = api.topic('sample_kafka."inventory.v1"')["messageSchema"]["schemaFields"][1]
    assert dotted["fullyQualifiedName"] == 'sample_kafka."inventory.v1"."stock.count"'


def test_a_list_tells_labels_of_fields_on_request(api: Api) -> None:
    def list_fields(fields: str) -> Any:
        query = {"service": "sample_kafka", "limit": "1000", "fields": fields}
        found = api.json("/v1/topics", params=query)["data"]
        return name_field(next(topic for topic in found if topic["name"] == "orders"))

    assert "PII.NonSensitive" in labels(list_fields("tags,messageSchema"))
    assert ("tags" in list_fields("tags")) == (api.sandbox.generation in {"1.2", "1.6"})
    assert "tags" not in list_fields("messageSchema")


def test_one_field_is_described_and_labelled_by_the_way_of_its_indexes(api: Api) -> None:
    before = api.topic(TOPIC)
    label = {"tagFQN": "Compliance.SOX", "source": "Classification"}
    after = patch(api, put(f"{NAME}/description", "First and last."), put(f"{NAME}/tags", [label]))
    assert name_field(after)["description"] == "First and last."
    assert labels(name_field(api.topic(TOPIC))) == {"Compliance.SOX": "Manual"}
    answer = after["changeDescription"]
    added = {change["name"]: change["newValue"] for change in answer["fieldsAdded"]}
    assert added['schemaFields."Order.customer.name".description'] == "First and last."
    path = "messageSchema.schemaFields.Order.customer.name.tags"
    assert "Compliance.SOX" in added[path]
    gone = {change["name"]: change["oldValue"] for change in answer["fieldsDeleted"]}
    assert set(gone) == {path}
    assert "GDPR" not in gone[path]  # derived, and never stored
    assert after["version"] == round(before["version"] + 0.1, 1)
    older = api.json(f"/v1/topics/{before['id']}/versions/{before['version']}")
    assert "description" not in name_field(older)


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        (f"{NAME}/tags", [{"tagFQN": "No.Such", "source": "Classification"}], "No.Such"),
        (
            f"{NAME}/tags",
            [{"tagFQN": f"PII.{name}", "source": "Classification"} for name in ("None", "Sensitive")],
            "mutually exclusive",
        ),
        (f"{NAME}/name", None, "name must not be null"),
        (f"{NAME}/colour", "red", "colour"),
        ("/messageSchema/schemaFields/7/description", "x", "7"),
    ],
)
def test_what_does_not_fit_a_field_is_refused(api: Api, path: str, value: Any, text: str) -> None:
    before = api.topic(TOPIC)["messageSchema"]
    status, details = patch(api, put(path, value))
    assert status >= 400
    assert text in details
    assert api.topic(TOPIC)["messageSchema"] == before


def test_another_case_is_the_same_field_and_another_type_is_not(api: Api) -> None:
    topic = api.topic("sample_kafka.nothing_known")

    def give(*fields: tuple[str, str]) -> float:
        listed = [{"name": name, "dataType": kind} for name, kind in fields]
        schema = {"schemaType": "Avro", "schemaFields": listed}
        api.sandbox.advance_clock(3600)
        reply = api.patch(f"/v1/topics/{topic['id']}", put("/messageSchema", schema), **{"If-Match": "*"})
        return float(reply.json()["version"])

    first = give(("a", "STRING"), ("b", "LONG"))
    assert give(("A", "STRING"), ("b", "LONG")) == first  # nothing that servers would return
    assert give(("A", "STRING"), ("b", "INT")) >= first + 1


def test_the_right_to_describe_is_enough_to_describe_a_field(api: Api) -> None:
    consumer = Api(api.sandbox, api.sandbox.token("bob"))
    assert patch(consumer, put(f"{NAME}/description", "By Bob."))["updatedBy"] == "bob"
    term = {"tagFQN": "Business.Order", "source": "Glossary"}
    assert patch(consumer, put(f"{NAME}/name", "other"))[0] == 403
    assert labels(name_field(patch(consumer, put(f"{NAME}/tags", [term])))) == {"Business.Order": "Manual"}


def test_an_ingestion_run_leaves_what_people_wrote_on_fields(api: Api) -> None:
    bot = Api(api.sandbox, api.sandbox.bot_token)
    patch(api, put("/messageSchema/schemaFields/0/children/0/description", "By hand."))
    schema = {
        "schemaType": "Avro",
        "schemaFields": [
            {
                "name": "Order",
                "dataType": "RECORD",
                "children": [{"name": "id", "dataType": "STRING", "description": "By the registry."}],
            }
        ],
    }
    body = {"name": "orders", "service": "sample_kafka", "partitions": 1, "messageSchema": schema}
    assert bot("PUT", "/v1/topics", json=body).status_code == 200
    (order,) = api.topic(TOPIC)["messageSchema"]["schemaFields"]
    assert [field["description"] for field in order["children"]] == ["By hand."]

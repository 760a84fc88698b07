"""The shapes that members of an entity have, and how another one is told."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_om_messaging.protocol.model.shapes import (
    check_shapes,
    find_shape_problem,
    get_required_text,
)
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

OWNER = {"id": "1", "type": "user"}
LABEL = {"tagFQN": "PII.None"}


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("id", "6a2f0e5c-1b7d-4c55-9c2e-0d9f4e8a7b61", None),
        ("id", 7, "id is not an id"),
        ("id", "a/b", "id is not an id"),
        ("name", "kafka", None),
        ("name", 7, "name is not a text"),
        ("fullyQualifiedName", [], "fullyQualifiedName is not a text"),
        ("displayName", {}, "displayName is not a text"),
        ("description", False, "description is not a text"),
        ("connection", {}, None),
        ("connection", [], "connection is not an object"),
        ("extension", "x", "extension is not an object"),
        ("owners", [OWNER, {"name": "ada"}, {"fullyQualifiedName": "ada"}], None),
        ("owners", OWNER, "owners is not a list"),
        ("owners", [OWNER, None], "owners has an entry that is not an object"),
        ("domains", [{"type": "domain"}], "domains has an entry that refers to nothing: it has neither"),
        (
            "followers",
            [{"id": "1", "type": 7, "name": 7}],
            "followers has an entry that has a type that is not a text",
        ),
        ("reviewers", [{**OWNER, "displayName": 7}], "that has a displayName that is not a text"),
        ("pipelines", [{"id": "a/b"}], "pipelines has an entry that has an id that is not an id"),
        ("dataProducts", [{"id": 7, "name": "x"}], "dataProducts has an entry that has an id that is not"),
        ("service", OWNER, None),
        ("service", "kafka", "service is not an object"),
        ("tags", [LABEL], None),
        ("tags", [LABEL, "PII.None"], "tags has an entry that is not an object"),
        ("tags", [{"name": "None"}], "tags has an entry that has no tagFQN"),
        ("tags", [{**LABEL, "state": 7}], "tags has an entry that has a state that is not a text"),
        ("certification", {}, None),
        ("certification", {"tagLabel": LABEL}, None),
        ("certification", "Gold", "certification is not an object"),
        ("certification", {"tagLabel": {}}, "certification has a tagLabel that has no tagFQN"),
        ("changeDescription", {"fieldsAdded": [{"name": "tags"}], "fieldsUpdated": None}, None),
        ("changeDescription", [], "changeDescription is not an object"),
        ("changeDescription", {"fieldsAdded": {}}, "changeDescription has fieldsAdded, which is not a list"),
        (
            "incrementalChangeDescription",
            {"fieldsAdded": [], "fieldsDeleted": [{"name": 7}]},
            "incrementalChangeDescription has fieldsDeleted, which has an entry that names no field",
        ),
        ("changeDescription", {"fieldsUpdated": ["tags"]}, "which has an entry that names no field"),
        ("owners", None, None),
        ("votes", 7, None),
    ],
)
def test_a_member_of_another_shape_is_named(field: str, value: Any, problem: str | None) -> None:
    found = find_shape_problem(field, value)
    assert found is problem if problem is None else problem in (found or "")
    if problem is None:
        check_shapes({"votes": 7, field: value})
    else:
        with pytest.raises(Fault, match="an entity whose ") as caught:
            check_shapes({"votes": 7, field: value})
        assert caught.value.cause is Cause.UNEXPECTED_REPLY


@pytest.mark.parametrize("entity", [{}, {"name": None}, {"name": ""}, {"name": 7}])
def test_what_an_entity_cannot_be_without_is_asked_for(entity: dict[str, Any]) -> None:
    assert get_required_text({"name": "kafka"}, "name") == "kafka"
    with pytest.raises(Fault, match="an entity without name"):
        get_required_text(entity, "name")

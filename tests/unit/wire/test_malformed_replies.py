"""Replies that no server would send: each ends in a named error, wherever an entity is read."""

from __future__ import annotations

import contextlib
import copy
import json
from functools import reduce
from operator import getitem
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_om_messaging.protocol import routes
from airflow_provider_om_messaging.protocol.csv.columns import EXTENDED
from airflow_provider_om_messaging.protocol.csv.topic_cells import build_row, format_rows
from airflow_provider_om_messaging.protocol.imports import verdict
from airflow_provider_om_messaging.protocol.jobs import socket_events
from airflow_provider_om_messaging.protocol.jobs.job_list import JobList
from airflow_provider_om_messaging.protocol.jobs.job_log import JobLog
from airflow_provider_om_messaging.protocol.model import exclusion, fields
from airflow_provider_om_messaging.protocol.model.entities import SERVICE, TOPIC
from airflow_provider_om_messaging.protocol.model.references import Name, build_reference
from airflow_provider_om_messaging.protocol.model.versions import read_version
from airflow_provider_om_messaging.protocol.patch.changes import Changes, list_values_to_restore
from airflow_provider_om_messaging.protocol.patch.history import (
    format_history,
    list_differences,
    mask_connection,
)
from airflow_provider_om_messaging.protocol.patch.journal import build_journal
from airflow_provider_om_messaging.protocol.patch.patch_document import build_operations, predict_patch
from airflow_provider_om_messaging.protocol.topics import pages
from airflow_provider_om_messaging.protocol.topics.rights import list_operations
from airflow_provider_om_messaging.protocol.wire.capabilities import parse_generation
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from tests.unit.replies import build_reply
from tests.unit.wire.replies_of_entities import (
    DOMAIN,
    ENTITY,
    FQN,
    JOB,
    LABEL,
    PERMISSIONS,
    TYPES,
    VERDICT,
    body,
    named_fault,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_om_messaging.protocol.wire.message import Reply

DEEP: Any = "x"
for _ in range(90):
    DEEP = [{"a": DEEP}] if _ % 2 else {"tagFQN": DEEP}
GONE = object()
ABSURD = st.sampled_from(
    [
        None,
        True,
        False,
        0,
        -1,
        1,
        10**30,
        10**400,
        1.7e308,
        -0.5,
        "",
        "x",
        "\ud800",
        "a\r\nb\x1b[31m",
        "[1]",
        '[{"tagFQN": 1}]',
        "[" * 5000,
        "1e999",
        "9" * 5000,
        [],
        [None],
        [1],
        ["x"],
        [[]],
        [{}],
        {},
        {"a": 1},
        {"id": []},
        {"tagFQN": {}},
        {"name": 5},
        DEEP,
    ]
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths to all values within a value, itself included."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for name, item in inner for found in places(item, (*path, name)))]


@st.composite
def spoil(draw: st.DrawFn, document: Any) -> Any:
    """Draw the document with one or two of its values taken away or made absurd."""
    made = copy.deepcopy(document)
    for *path, last in draw(st.lists(st.sampled_from(places(document)[1:]), min_size=1, max_size=2)):
        value = draw(ABSURD | st.just(GONE))
        with contextlib.suppress(KeyError, IndexError, TypeError):  # the first has taken away the second
            holder = reduce(getitem, path, made)
            if value is GONE:
                del holder[last]
            else:
                holder[last] = copy.deepcopy(value)
    return made


def use_entity(entity: dict[str, Any]) -> None:
    """Do with an entity all that this package does with one."""
    server = parse_generation("2.0.1")
    read_version(entity)
    list(format_history([read_version(entity)], 1_790_000_000_001))
    list_differences(ENTITY, entity)
    list_differences(entity, ENTITY)
    mask_connection(entity)
    format_rows([build_row({"name": "x", **entity}, EXTENDED)])
    changed = Changes(
        {"description": "y", "tags": ["+PII.None"], "owners": ["-user:ada"], "domains": None}, TOPIC
    )
    changed.list_unknown_names(entity, "=+-")
    known = {Name("tags", "tag", "PII.None"): LABEL}
    for wanted in (
        changed.compute_values(entity, known),
        list_values_to_restore(ENTITY, fields.LISTS, entity),
    ):
        operations = build_operations(wanted, entity)
        predict_patch(operations, entity)
        list_operations(wanted, wanted, entity, server)
        build_journal(entity, entity, wanted, list(wanted))
    Changes({"connection": {"config": {"saslPassword": "x"}}}, SERVICE)
    fields.mark_inheritable(entity, [DOMAIN])
    made = build_reference(Name("domains", "domain", "Finance"), entity)
    pages.make_topic_body("kafka", "new", {"domains": [made], "owners": [made]}, server)
    tag = Name("tags", "tag", "PII.None")
    exclusion.find_excluding_pair(
        [(tag, entity)], dict.fromkeys(exclusion.list_exclusion_parents([(tag, entity)] * 2))
    )


def check_named(fault: Fault | None) -> None:
    causes = {Cause.UNEXPECTED_REPLY, Cause.INVALID_PARAMETER, Cause.IMPORT_REJECTED, Cause.FORBIDDEN}
    assert fault is None or (fault.cause in causes and fault.message.isprintable())


LISTED, PERMITTED = pages.list_topics("k", parse_generation("2")), routes.get_permissions()


READERS: list[tuple[Any, Callable[[Reply], Any]]] = [
    (ENTITY, lambda answer: use_entity(routes.read_entity(TOPIC, FQN).read(answer).entity)),
    (ENTITY, lambda answer: use_entity(routes.get_service(FQN).read(answer))),
    (ENTITY, lambda answer: use_entity(pages.create_topic("kafka", "orders").read(answer))),
    (
        {"data": [ENTITY], "paging": {"total": 1, "after": "x"}},
        lambda answer: [
            (topic.build_row(EXTENDED), use_entity(topic.get_entity()))
            for topic in pages.list_topics("k", parse_generation("2")).read(answer).entities
        ],
    ),
    (
        {"versions": [json.dumps(ENTITY), ENTITY]},
        lambda answer: [use_entity(state) for state in routes.list_versions(ENTITY["id"]).read(answer)],
    ),
    ({"data": [ENTITY]}, routes.list_names(TOPIC).read),
    (JOB, lambda answer: JobLog().list_new_lines(routes.get_job("42").read(answer))),
    ([JOB, JOB], lambda answer: [JobLog().list_new_lines(job) for job in JobList().read(answer)]),
    ({"jobId": 42}, routes.submit_export("a").read),
    (VERDICT, lambda answer: verdict.read_import(answer, True, 1).make_rejection_fault(0)),
    (
        PERMISSIONS,
        lambda answer: PERMITTED.read(answer).find_refusal(["EditAll"], "x", team_owned=False),
    ),
    (TYPES, routes.get_custom_fields().read),
    ({"config_value": {"allowedClassification": "x"}}, routes.get_certification_settings().read),
]


@pytest.mark.parametrize("number", range(len(READERS)))
@settings(max_examples=30)
@given(data=st.data())
def test_a_spoiled_reply_is_a_named_error_or_none(number: int, data: st.DataObject) -> None:
    document, read = READERS[number]
    answer = body(data.draw(spoil(document)))
    check_named(named_fault(lambda: read(answer)))


@pytest.mark.parametrize("number", range(len(READERS)))
def test_a_sound_reply_is_none(number: int) -> None:
    document, read = READERS[number]
    read(body(document))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"null",
        b"[]",
        b"5",
        b"\xff",
        b"[" * 100_000,
        b'{"id":' * 500 + b"1" + b"}" * 500,
        b'{"version": NaN}',
        b'{"version": 1e999}',
        b'{"id": "\xed\xa0\x80"}',
    ],
)
@pytest.mark.parametrize("number", range(len(READERS)))
def test_what_is_no_document_is_a_named_error_or_none(number: int, text: bytes) -> None:
    check_named(named_fault(lambda: READERS[number][1](build_reply(200, text))))


@given(spoil({**JOB, "jobId": "1", "data": "name\r\n"}), st.sampled_from([*socket_events.CHANNELS, "x"]))
def test_a_spoiled_push_is_none(payload: Any, channel: str) -> None:
    socket_events.parse_socket_event(channel, payload)
    socket_events.parse_socket_event(channel, json.dumps(payload))


@pytest.mark.parametrize(
    "payload", ["[" * 100_000, "nul", '{"status": "x", "jobId": {}}', None, b"x", 5, "5"]
)
def test_a_push_that_is_no_document_is_none(payload: Any) -> None:
    assert socket_events.parse_socket_event("csvExportChannel", payload) is None


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("tags", 1),
        ("tags", ["PII.None"]),
        ("tags", [{}]),
        ("tags", [{"tagFQN": None}]),
        ("tags", [{"tagFQN": ["a"]}]),
        ("tags", [{"tagFQN": "a.b", "source": {}}]),
        ("tags", {"tagFQN": "a.b"}),
        ("owners", "ada"),
        ("owners", [None]),
        ("owners", [{}]),
        ("owners", [{"id": {}}]),
        ("owners", [{"id": "a", "type": 5}]),
        ("owner", "ada"),
        ("domain", 5),
        ("domains", [["a"]]),
        ("connection", "hunter2"),
        ("connection", []),
        ("extension", [1]),
        ("certification", "Gold"),
        ("certification", {"tagLabel": {"tagFQN": 5}}),
        ("service", "kafka"),
        ("description", {"a": 1}),
        ("name", 5),
        ("fullyQualifiedName", ["a"]),
        ("id", "a\r\nHost: evil"),
        ("id", 5),
        ("id", None),
        ("changeDescription", [1]),
        ("changeDescription", {"fieldsAdded": 5}),
    ],
)
def test_a_member_of_another_shape_is_an_unexpected_reply(member: str, value: Any) -> None:
    asked = ENTITY["id"] if member in {"name", "fullyQualifiedName"} else FQN
    known = {name: item for name, item in ENTITY.items() if f"{member}s" != name}
    with pytest.raises(Fault, match=member if member not in {"owner", "domain"} else f"{member}s") as caught:
        routes.read_entity(TOPIC, asked).read(body({**known, member: value}))
    assert caught.value.cause is Cause.UNEXPECTED_REPLY
    assert "hunter2" not in caught.value.message

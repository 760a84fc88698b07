"""Domains that topics inherit on a server that does not mark them, such as 1.2.

Some such servers show these in lists, some only where a single topic is read.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.protocol.imports.verdict import parse_verdicts
from airflow_provider_om_messaging.sandbox import Sandbox
from tests.contract.sandbox_http import SERVICES, Api, build_row, build_table, read

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVICE, TOPIC = "orders_redpanda", "orders_redpanda.orders-created"
NAME = "orders-created"
INHERITED = "Finance"


@pytest.fixture(params=[False, True], ids=["single reads inherit", "lists inherit"])
def old(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """Start a server whose lists show what is inherited, or not."""
    with Sandbox(generation="1.2", edition="open-source", lists_inherit=request.param) as sandbox:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", sandbox.airflow_connection())
        yield Api(sandbox)


@pytest.fixture
def hook() -> OpenMetadataMessagingHook:
    return OpenMetadataMessagingHook()


def put_domain(api: Api, path: str, domain: str | None) -> None:
    operation: dict[str, Any] = {"op": "remove", "path": "/domain"}
    if domain is not None:
        found = api.json(f"/v1/domains/name/{domain}")
        operation = {"op": "add", "path": "/domain", "value": {"id": found["id"], "type": "domain"}}
    reply = api.patch(path, operation)
    assert reply.status_code == 200, reply.text
    api.sandbox.clear_journal()


def move_service(api: Api, domain: str | None) -> None:
    put_domain(api, f"{SERVICES}/{api.service(SERVICE)['id']}", domain)


def give_own(api: Api, domain: str, topic: str = TOPIC) -> None:
    put_domain(api, f"/v1/topics/{api.topic(topic)['id']}", domain)


def create(api: Api, name: str, **properties: Any) -> None:
    body = {"name": name, "service": SERVICE, "partitions": 1, **properties}
    assert api("POST", "/v1/topics", json=body).status_code == 201


def read_domain(api: Api, topic: str = TOPIC) -> str | None:
    return api.topic(topic).get("domain", {}).get("name")


def read_own_domain(api: Api, topic: str = TOPIC) -> str | None:
    """Return the domain that is stored: the newest version does not hold what is inherited."""
    history = api.json(f"/v1/topics/{api.topic(topic)['id']}/versions")["versions"]
    return json.loads(history[0]).get("domain", {}).get("name")


def list_changed_fields(api: Api, topic: str = TOPIC) -> list[str]:
    steps = api.topic(topic)["changeDescription"]
    return [
        step["name"] for kind in ("fieldsAdded", "fieldsUpdated", "fieldsDeleted") for step in steps[kind]
    ]


def cells(hook: OpenMetadataMessagingHook, columns: str = "documented") -> dict[str, dict[str, str]]:
    header, *rows = read(hook.export_csv(SERVICE, engine="client", columns=columns))
    return {record[0]: dict(zip(header, record, strict=True)) for record in rows}


def load(hook: OpenMetadataMessagingHook, text: str, **options: Any) -> dict[str, tuple[str, str]]:
    result = hook.import_csv(SERVICE, text, dry_run=False, engine=hook.engine("client", **options))
    return {verdict.row: (verdict.status, verdict.details) for verdict in parse_verdicts(result.results_csv)}


def patches(api: Api) -> list[Any]:
    return [entry for entry in api.sandbox.journal if entry["method"] == "PATCH"]


@pytest.mark.parametrize("columns", ["documented", "extended"])
def test_an_export_has_only_what_a_topic_has_itself(
    old: Api, hook: OpenMetadataMessagingHook, columns: str
) -> None:
    assert read_domain(old) == INHERITED
    give_own(old, "Marketing", "orders_redpanda.orders-audit")
    domains = {name: found["domain"] for name, found in cells(hook, columns).items()}
    assert domains.pop("orders-audit") == "Marketing"
    assert set(domains.values()) == {""}
    before = hook.export_csv(SERVICE, engine="client", columns=columns)
    move_service(old, "Logistics")
    assert hook.export_csv(SERVICE, engine="client", columns=columns) == before


@pytest.mark.parametrize("columns", ["documented", "extended"])
def test_a_topic_goes_on_inheriting_after_an_import(
    old: Api, hook: OpenMetadataMessagingHook, columns: str
) -> None:
    text = hook.export_csv(SERVICE, engine="client", columns=columns)
    old.sandbox.clear_journal()
    assert {status for status, _ in load(hook, text).values()} == {"success"}
    assert patches(old) == []
    changed = text.replace("A new one was made.", "Told anew.")
    assert changed != text
    assert load(hook, changed)[NAME] == ("success", "Entity updated")
    assert (len(patches(old)), list_changed_fields(old)) == (1, ["description"])
    assert (read_domain(old), read_own_domain(old)) == (INHERITED, None)
    move_service(old, "Logistics")
    assert read_domain(old) == "Logistics"


@pytest.mark.parametrize("cell", ["", INHERITED, f'"{INHERITED}"'])
def test_to_name_what_is_inherited_is_to_name_nothing(
    old: Api, hook: OpenMetadataMessagingHook, cell: str
) -> None:
    line = {**cells(hook)[NAME], "domain": cell}
    old.sandbox.clear_journal()
    assert load(hook, build_table(build_row(*line.values())))[NAME] == ("success", "Entity updated")
    assert patches(old) == []
    described = {**line, "description": "Told anew."}
    assert load(hook, build_table(build_row(*described.values())))[NAME] == ("success", "Entity updated")
    assert (len(patches(old)), read_own_domain(old)) == (1, None)


@pytest.mark.parametrize("cell", ["", INHERITED])
def test_a_domain_of_ones_own_is_cleared_and_the_service_s_shows_again(
    old: Api, hook: OpenMetadataMessagingHook, cell: str
) -> None:
    give_own(old, "Marketing")
    line = {**cells(hook)[NAME], "domain": cell}
    assert load(hook, build_table(build_row(*line.values())))[NAME] == ("success", "Entity updated")
    assert len(patches(old)) == 1
    assert (read_domain(old), read_own_domain(old)) == (INHERITED, None)


def test_another_domain_becomes_the_topics_own(old: Api, hook: OpenMetadataMessagingHook) -> None:
    line = {**cells(hook)[NAME], "domain": "Marketing"}
    assert load(hook, build_table(build_row(*line.values())))[NAME] == ("success", "Entity updated")
    assert (read_own_domain(old), cells(hook)[NAME]["domain"]) == ("Marketing", "Marketing")


@pytest.mark.parametrize("cell", ["", INHERITED])
def test_a_domain_of_ones_own_that_is_the_service_s_stays(
    old: Api, hook: OpenMetadataMessagingHook, cell: str
) -> None:
    create(old, "owned", domain=INHERITED)
    assert read_own_domain(old, "orders_redpanda.owned") == INHERITED
    assert cells(hook)["owned"]["domain"] == ""
    old.sandbox.clear_journal()
    assert load(hook, build_table(build_row("owned", domain=cell)))["owned"][0] == "success"
    assert patches(old) == []
    assert read_own_domain(old, "orders_redpanda.owned") == INHERITED


def test_the_service_moves_between_export_and_import(old: Api, hook: OpenMetadataMessagingHook) -> None:
    give_own(old, "Logistics")
    text = hook.export_csv(SERVICE, engine="client")
    assert cells(hook)[NAME]["domain"] == "Logistics"
    move_service(old, "Logistics")
    assert {status for status, _ in load(hook, text).values()} == {"success"}
    assert patches(old) == []
    move_service(old, "Marketing")
    assert cells(hook)[NAME]["domain"] == "Logistics"
    assert {status for status, _ in load(hook, text).values()} == {"success"}
    assert patches(old) == []


def test_a_service_without_a_domain_hands_none_on(old: Api, hook: OpenMetadataMessagingHook) -> None:
    give_own(old, INHERITED)
    move_service(old, None)
    assert cells(hook)[NAME]["domain"] == ""  # it was asked for what it inherits, which made it none its own
    line = {**cells(hook)[NAME], "domain": INHERITED}
    assert load(hook, build_table(build_row(*line.values())))[NAME] == ("success", "Entity updated")
    assert (read_own_domain(old), cells(hook)[NAME]["domain"]) == (INHERITED, INHERITED)
    assert load(hook, build_table(build_row(*{**line, "domain": ""}.values())))[NAME] == (
        "success",
        "Entity updated",
    )
    assert (read_own_domain(old), read_domain(old)) == (None, None)


@pytest.mark.parametrize("cell", ["", INHERITED])
def test_a_topic_is_made_without_the_domain_that_it_inherits(
    old: Api, hook: OpenMetadataMessagingHook, cell: str
) -> None:
    assert (
        load(hook, build_table(build_row("made", domain=cell)), create_missing=True)["made"][0] == "success"
    )
    assert (read_domain(old, "orders_redpanda.made"), read_own_domain(old, "orders_redpanda.made")) == (
        INHERITED,
        None,
    )


def test_what_is_inherited_makes_no_conflict(
    old: Api, hook: OpenMetadataMessagingHook, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_provider_om_messaging.client.topics import topic_import

    original = topic_import.look_up

    def look_up(*args: Any, **named: Any) -> Any:
        path = f"/v1/topics/{old.topic(TOPIC)['id']}"
        assert old.patch(path, {"op": "add", "path": "/partitions", "value": 77}).status_code == 200
        return original(*args, **named)

    line = {**cells(hook)[NAME], "description": "Told anew."}
    monkeypatch.setattr(topic_import, "look_up", look_up)
    assert load(hook, build_table(build_row(*line.values())))[NAME] == ("success", "Entity updated")
    assert old.topic(TOPIC)["partitions"] == 77
    assert read_own_domain(old) is None


def test_the_service_is_asked_once_whatever_the_number_of_rows(
    old: Api, hook: OpenMetadataMessagingHook
) -> None:
    lines = [{**line, "description": f"Anew: {name}"} for name, line in cells(hook).items()]
    old.sandbox.clear_journal()
    verdicts = load(hook, build_table(*(build_row(*line.values()) for line in lines)))
    assert {status for status, _ in verdicts.values()} == {"success"}
    asked = [entry for entry in old.sandbox.journal if entry["path"].startswith(SERVICES)]
    assert (len(lines), len(patches(old)), len(asked)) == (8, 8, 1)


class TestPatches:
    @pytest.mark.parametrize("changes", [{"domains": None}, {"domains": [INHERITED]}])
    def test_nothing_is_sent_for_what_is_so(
        self, old: Api, hook: OpenMetadataMessagingHook, changes: dict[str, Any]
    ) -> None:
        old.sandbox.clear_journal()
        assert hook.patch_service(TOPIC, changes=changes, entity="topic")["changed"] is False
        assert patches(old) == []

    @pytest.mark.parametrize(
        "operation",
        [{"op": "remove", "path": "/domain"}, {"op": "add", "path": "/domains", "value": "FINANCE"}],
    )
    def test_nor_by_operations(
        self, old: Api, hook: OpenMetadataMessagingHook, operation: dict[str, Any]
    ) -> None:
        if "value" in operation:
            found = old.json(f"/v1/domains/name/{INHERITED}")
            operation = {**operation, "value": [{"id": found["id"], "type": "domain"}]}
        old.sandbox.clear_journal()
        assert hook.patch_service(TOPIC, operations=[operation], entity="topic")["changed"] is False
        assert patches(old) == []

    def test_another_one_and_back(self, old: Api, hook: OpenMetadataMessagingHook) -> None:
        done = hook.patch_service(TOPIC, changes={"domains": ["Marketing"]}, entity="topic")
        assert done["changed"] is True
        assert done["notes"] == []
        assert (read_own_domain(old), done["journal"]["before"]) == ("Marketing", {"domains": None})
        undone = hook.restore_service(TOPIC, journal=done["journal"], entity="topic")
        assert (undone["changed"], undone["notes"]) == (True, [])
        assert (read_domain(old), read_own_domain(old)) == (INHERITED, None)

    def test_what_a_former_version_shows_is_not_made_the_topics_own(
        self, old: Api, hook: OpenMetadataMessagingHook
    ) -> None:
        changes = {"description": "Told anew.", "domains": ["Marketing"]}
        hook.patch_service(TOPIC, changes=changes, entity="topic")
        topic = old.topic(TOPIC)
        first = old.json(f"/v1/topics/{topic['id']}/versions/0.1")
        assert first["domain"]["name"] == INHERITED  # so are former versions kept
        restored = hook.restore_service(TOPIC, "0.1", entity="topic")
        assert (restored["fields"], restored["notes"]) == (["description", "domains"], [])
        assert (read_domain(old), read_own_domain(old)) == (INHERITED, None)
        assert hook.restore_service(TOPIC, "0.1", entity="topic")["changed"] is False

    def test_a_change_of_something_else_leaves_it(self, old: Api, hook: OpenMetadataMessagingHook) -> None:
        for text in ("Told anew.", "And again."):
            changes = {"description": text, "domains": None}
            assert hook.patch_service(TOPIC, changes=changes, entity="topic")["notes"] == []
        assert (len(patches(old)), list_changed_fields(old), read_own_domain(old)) == (
            2,
            ["description"],
            None,
        )


def test_where_it_is_marked_the_same_domain_can_be_a_topics_own(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(edition="open-source") as sandbox:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", sandbox.airflow_connection())
        hook, api = OpenMetadataMessagingHook(), Api(sandbox)
        line = {**cells(hook)[NAME], "domain": INHERITED}
        assert load(hook, build_table(build_row(*line.values())))[NAME] == ("success", "Entity updated")
        assert len(patches(api)) == 1
        assert cells(hook)[NAME]["domain"] == INHERITED
        assert "inherited" not in api.topic(TOPIC)["domains"][0]

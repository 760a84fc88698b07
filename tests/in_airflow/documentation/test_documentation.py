"""What the documentation names is there; Sphinx checks the links between pages."""

from __future__ import annotations

import importlib
import inspect
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from airflow_provider_om_messaging import exceptions, provider_info
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.sandbox import Sandbox
from airflow_provider_om_messaging.sandbox.generations import GENERATIONS
from tools.error_messages import ErrorMessages, add_messages, is_message

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "airflow_provider_om_messaging"
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").rglob("*.md"))]
PUBLIC_SITE = "https://airflow-provider-om-messaging.readthedocs.io/en/latest/"
PUBLIC_SOURCE = re.compile(
    r"https://(?:raw\.githubusercontent|github)\.com/airflow-provider-om-messaging/"
    r"airflow-provider-om-messaging/(?:blob/|tree/)?main/([^)\s]+)"
)


def read(page: str) -> str:
    return (ROOT / "docs" / page).read_text(encoding="utf-8")


def test_the_readme_is_short_and_its_links_are_absolute() -> None:
    text = README.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert links
    assert [link for link in links if not link.startswith("https://")] == []
    for link in links:
        if link.startswith(PUBLIC_SITE):
            assert (ROOT / "docs" / link[len(PUBLIC_SITE) :]).with_suffix(".md").exists(), link
        elif found := PUBLIC_SOURCE.fullmatch(link):
            assert (ROOT / found[1]).exists(), link


def test_the_readme_says_what_works_where_and_what_a_spreadsheet_does() -> None:
    text = README.read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| ")]
    versions = {version for row in rows for version in re.findall(r"\d\.\d+", row)}
    assert versions == set(GENERATIONS)
    assert "begins with `=`, `+`, `-` or `@`" in text


def test_every_command_of_make_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {
        target
        for page in PAGES
        for target in re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert named
    assert named <= targets


def test_every_example_dag_is_shown_whole_from_its_file() -> None:
    shown = {
        path
        for page in (ROOT / "docs" / "guides").glob("*.md")
        for path in re.findall(
            r"literalinclude\} \.\./\.\./example_dags/(\S+)\n:language: python\n:start-at: from __future__\n"
            r":caption: \"\[\1\]\(https://\S+/example_dags/\1\)\"\n",
            page.read_text(encoding="utf-8"),
        )
    }
    assert shown == {path.name for path in (ROOT / "example_dags").glob("*.py")}


def test_every_exception_has_its_anchor() -> None:
    public = {
        name
        for name, value in vars(exceptions).items()
        if inspect.isclass(value) and issubclass(value, exceptions.OpenMetadataError)
    }
    assert set(re.findall(r"^\((\w+)\)=\n### \1$", read("errors.md"), re.MULTILINE)) == public


def test_every_operator_sensor_and_trigger_is_on_the_page_of_operators() -> None:
    page = read("operators.md")
    for group in ("operators", "sensors", "triggers"):
        for name in provider_info.MODULES[group]:
            module = importlib.import_module(f"{provider_info.PACKAGE}.{group}.{name}")
            classes = [
                value.__name__
                for value in vars(module).values()
                if inspect.isclass(value)
                and value.__module__ == module.__name__
                and value.__name__.endswith(("Operator", "Sensor", "Trigger"))
            ]
            for each in classes:
                assert f".. autoclass:: {module.__name__}.{each}" in page, each


def test_the_versions_that_are_needed_at_least_are_those_of_the_package() -> None:
    declared = re.search(r"^dependencies = \[\n(.*?)^\]", (ROOT / "pyproject.toml").read_text(), re.S | re.M)
    assert declared
    floors = re.findall(r'"([\w-]+)>=([\d.]+)', declared[1])
    assert floors == re.findall(r"^\| `([\w-]+)` \| ([\d.]+\d)", read("deployments.md"), re.MULTILINE)


def test_every_place_that_the_architecture_names_exists() -> None:
    named = re.findall(r"`([\w/]+(?:\.py|/))`", read("architecture.md"))
    assert len(named) > 30
    inside = [name if "/" in name or (PACKAGE / name).exists() else f"protocol/{name}" for name in named]
    rooms = [PACKAGE, PACKAGE / "client", PACKAGE / "protocol", PACKAGE.parent]
    assert [name for name in inside if not any((room / name).exists() for room in rooms)] == []


def test_every_message_of_the_page_of_errors_is_one_of_the_packages() -> None:
    """Three words in a row at least have to stand in the source, whatever the source puts between them."""
    source = "".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    source = re.sub(r'"\s*f?"', "", source)
    table = read("errors.md").split("## By message")[1].split("## By class")[0]
    messages = re.findall(r"^\| `(.+?)` \|", table, re.MULTILINE)
    assert len(messages) > 15
    unknown = []
    for message in messages:
        words = message.split()
        runs = [" ".join(words[start : start + 3]) for start in range(len(words) - 2)]
        if not any(run in source for run in runs):
            unknown.append(message)
    assert unknown == []


MESSAGES = ErrorMessages()
# Texts that come from elsewhere, and are found where they are made.
PASSED_ON = {
    "client/editing/patching.py: _preview_patch",  # why a patch is impossible, kept until it is to be sent
    "client/transport/sockets.py: open",  # what is to be installed, which another module says
    "protocol/csv/check.py: _check_kind",  # what the reader has found at the file's beginning
}


def test_the_text_of_every_error_is_found_in_the_source() -> None:
    """Who makes an error whose text cannot be found there lets the page say less than it claims."""
    assert MESSAGES.unreadable == PASSED_ON


def test_every_class_has_its_messages_on_the_page_of_errors() -> None:
    page = add_messages(read("errors.md"), MESSAGES.by_class)
    found = re.findall(r"^\((\w+)\)=\n### \1\n(.*?)(?=^\(\w+\)=\n### |\Z)", page, re.MULTILINE | re.DOTALL)
    sections = dict(found)
    for name, texts in MESSAGES.by_class.items():
        assert texts
        assert [text for text in texts if f"=\n`{text}`" not in sections[name]] == []
    # Classes that others derive from, and that are raised with another one's text only.
    final = {name for name in sections if name.startswith("FinalJob")}
    assert set(sections) - set(MESSAGES.by_class) == {"PermanentError", *final}
    anchors = re.findall(r"^\((.+)\)=$", page, re.MULTILINE)
    assert len(anchors) == len(set(anchors))


@pytest.mark.parametrize(
    "provoke",
    [
        lambda hook: hook.export_csv("no_such_service"),
        lambda hook: hook.export_csv(""),
        lambda hook: hook.import_csv("sample_kafka", "name,description\n"),
        lambda hook: hook.import_csv("sample_kafka", "name,description\na"),
        lambda hook: hook.import_csv("sample_kafka", 'name,description\na,"b'),
        lambda hook: hook.import_csv("sample_kafka", "title\na"),
        lambda hook: hook.get_job("no id"),
        lambda hook: hook.get_version("sample_kafka", "9.9"),
        lambda hook: hook.patch_service("sample_kafka", changes={"no field": 1}),
        lambda hook: hook.patch_service("sample_kafka", changes={"owners": ["team:none"]}),
        lambda hook: hook.patch_service("sample_kafka", changes={"description": "a"}, operations=[]),
        lambda hook: hook.patch_service("sample_kafka", changes={}, expected_version="9.9"),
        lambda hook: OpenMetadataMessagingHook("nobody").export_csv("sample_kafka"),
        lambda hook: OpenMetadataMessagingHook("nowhere").export_csv("sample_kafka"),
    ],
)
def test_a_message_that_a_user_meets_is_on_the_page_of_errors(
    provoke: Callable[[OpenMetadataMessagingHook], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Sandbox() as server:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", server.airflow_connection())
        nobody = json.loads(server.airflow_connection()) | {"password": "eyJ.no.token"}
        monkeypatch.setenv("AIRFLOW_CONN_NOBODY", json.dumps(nobody))
        monkeypatch.setenv("AIRFLOW_CONN_NOWHERE", json.dumps({"conn_type": "om_messaging"}))
        with pytest.raises(exceptions.OpenMetadataError) as caught:
            provoke(OpenMetadataMessagingHook())
    known = MESSAGES.by_class[type(caught.value).__name__]
    assert [text for text in known if is_message(str(caught.value), text)], caught.value

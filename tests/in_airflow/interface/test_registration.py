"""What Airflow knows of the package: provider, connection type and its form."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from airflow_provider_om_messaging import provider_info
from airflow_provider_om_messaging.provider_info import EXTRA_FIELDS, get_provider_info
from tests.conftest import AIRFLOW_LINE

COMMANDS = {
    "provider": ["providers", "get", "airflow-provider-om-messaging", "--full", "--output", "json"],
    "hooks": ["providers", "hooks", "--output", "json"],
}
RUN_COMMANDS = """
import io, json, sys
from contextlib import redirect_stdout
from airflow.cli.cli_parser import get_parser

shown = {}
for name, command in json.loads(sys.argv[1]).items():
    arguments = get_parser().parse_args(command)
    with redirect_stdout(io.StringIO()) as output:
        arguments.func(arguments)
    shown[name] = output.getvalue()
print(json.dumps(shown))
"""
IS_2 = AIRFLOW_LINE.startswith("2.")
FIELDS = [field.name for field in EXTRA_FIELDS]


@dataclass
class Shown:
    """What ``airflow`` has shown: by command, and beside all of them."""

    by_command: dict[str, str]
    beside: str


@pytest.fixture(scope="module")
def shown() -> Shown:
    """Give the commands of ``airflow`` to one process: to start it takes longer than all of them."""
    done = subprocess.run(
        [sys.executable, "-c", RUN_COMMANDS, json.dumps(COMMANDS)], capture_output=True, text=True, check=True
    )
    *first, last = done.stdout.splitlines()
    return Shown(json.loads(last), "\n".join([*first, done.stderr]))


def test_the_provider_is_listed_without_a_warning(shown: Shown) -> None:
    (provider,) = json.loads(shown.by_command["provider"])
    assert provider["package-name"] == "airflow-provider-om-messaging"
    assert "om_messaging" in str(provider["connection-types"])
    assert "warning" not in (shown.by_command["provider"] + shown.beside).lower()


@pytest.mark.parametrize("lazily", ["True", "False"])
def test_the_plugin_is_loaded_once_whenever_providers_are_discovered(lazily: str) -> None:
    script = (
        "import sys; from airflow import plugins_manager as manager; manager.ensure_plugins_loaded(); "
        "print([plugin['name'] for plugin in manager.get_plugin_info()].count('om_messaging'), "
        "'airflow_provider_om_messaging.ui.pages' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "AIRFLOW__CORE__LAZY_DISCOVER_PROVIDERS": lazily},
    )
    assert done.stdout.splitlines()[-1] == "1 False"
    assert "om_messaging" not in done.stderr + "".join(done.stdout.splitlines()[:-1])


def test_the_connection_type_is_offered(shown: Shown) -> None:
    ours = [
        hook for hook in json.loads(shown.by_command["hooks"]) if hook["connection_type"] == "om_messaging"
    ]
    assert [hook["hook_name"] for hook in ours] == ["OpenMetadata messaging"]
    assert "om_messaging" not in shown.beside


@pytest.mark.filterwarnings("default")  # the web libraries of 2.11 warn about each other
@pytest.mark.skipif(not IS_2, reason="3.x makes the form from the provider info")
def test_the_form_of_2() -> None:
    from airflow.providers_manager import ProvidersManager

    manager = ProvidersManager()
    prefix = "extra__om_messaging__"
    widgets = {
        name.removeprefix(prefix): widget.field
        for name, widget in manager.connection_form_widgets.items()
        if name.startswith(prefix)
    }
    assert set(widgets) == set(FIELDS)
    for field in EXTRA_FIELDS:
        shown = widgets[field.name]
        assert (shown.args[0], shown.kwargs["description"]) == (field.label, field.description)
        assert type(shown.kwargs["widget"]).__name__ == "BS3TextFieldWidget"
    behaviour = manager.field_behaviours["om_messaging"]
    assert behaviour["relabeling"]["password"] == "JWT token"
    assert behaviour["hidden_fields"] == ["login"]


@pytest.mark.skipif(IS_2, reason="2.11 makes the form from the hook")
def test_the_form_of_3() -> None:
    from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService

    (form,) = [hook for hook in HookMetaService.hook_meta_data() if hook.connection_type == "om_messaging"]
    assert form.extra_fields is not None
    assert sorted(form.extra_fields) == sorted(FIELDS)
    titles = {name: field["schema"]["title"] for name, field in form.extra_fields.items()}
    assert titles["connect_timeout"] == "Connection timeout (seconds)"
    assert [title for title in titles.values() if not title or "_" in title] == []
    assert form.standard_fields is not None
    assert form.standard_fields.password is not None
    assert form.standard_fields.password.title == "JWT token"


@pytest.mark.parametrize("group", ["operators", "sensors", "hooks", "triggers"])
def test_every_module_of_the_package_is_listed_and_can_be_imported(group: str) -> None:
    (listed,) = get_provider_info()[group]
    for module in listed["python-modules"]:
        importlib.import_module(module)
    bases = {"operators": "Operator", "sensors": "Sensor", "hooks": "Hook", "triggers": "Trigger"}
    folder = Path(provider_info.__file__).parent / group
    defining = {
        f"{provider_info.PACKAGE}.{group}.{file.stem}"
        for file in folder.glob("*.py")
        if re.search(rf"^class [A-Z]\w+{bases[group]}\(", file.read_text(), re.MULTILINE)
    }
    internal = {f"{provider_info.PACKAGE}.hooks.{name}" for name in ("base", "messaging_async")}
    assert set(listed["python-modules"]) == defining - internal


def test_the_provider_info_follows_airflows_schema() -> None:
    import airflow
    import jsonschema

    schema = json.loads((Path(airflow.__file__).parent / "provider_info.schema.json").read_text())
    jsonschema.validate(get_provider_info(), schema)


def test_the_provider_info_has_what_airflows_own_providers_have_and_nothing_else() -> None:
    """The schema above lets every other key pass; that of ``provider.yaml`` knows them all."""
    import airflow
    import jsonschema

    schema = json.loads((Path(airflow.__file__).parent / "provider.yaml.schema.json").read_text())
    # What Airflow's own releases are made with.
    assert set(schema.pop("required")) - set(get_provider_info()) <= {
        "dependencies",
        "source-date-epoch",
        "state",
        "versions",
    }
    info = get_provider_info()
    if IS_2:
        info.pop("asset-uris")  # known there by its older name
    jsonschema.validate(info, schema)

"""Blocks of the pages that are files: each is read by what reads such files."""

from __future__ import annotations

import configparser
import json
import re
from typing import TYPE_CHECKING, Any

import jsonschema
import yaml

from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.protocol.services.metadata import format_metadata, parse_metadata
from tests.in_airflow.documentation.connections import TOKEN_FILE, check_connection, connect_sandbox
from tests.in_airflow.documentation.shell import AIRFLOW_VERSIONS, check_shell

if TYPE_CHECKING:
    from pathlib import Path

CHART: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "airflowVersion": {"enum": AIRFLOW_VERSIONS},
        "images": {
            "additionalProperties": False,
            "properties": {
                "airflow": {
                    "additionalProperties": False,
                    "properties": {key: {"type": "string"} for key in ("repository", "tag", "digest")},
                }
            },
        },
        "env": {
            "type": "array",
            "items": {
                "required": ["name", "value"],
                "additionalProperties": False,
                "properties": {key: {"type": "string"} for key in ("name", "value")},
            },
        },
        "volumes": {"type": "array", "items": {"type": "object", "required": ["name"]}},
        "volumeMounts": {
            "type": "array",
            "items": {"required": ["name", "mountPath"], "properties": {"readOnly": {"type": "boolean"}}},
        },
    },
}
"""What the pages use of ``values.schema.json`` of Airflow's Helm chart, as strict as it is there."""
BACKENDS = {
    "airflow.providers.hashicorp.secrets.vault.VaultBackend": {
        "mount_point",
        "connections_path",
        "url",
        "auth_type",
        "kubernetes_role",
    },
    "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend": {
        "connections_prefix",
        "region_name",
    },
}
"""Parameters of secrets backends, as their providers' sources have them: not installed beside the tests."""


def check_chart_values(text: str, folder: Path) -> None:
    """The Helm chart takes the values, and the connection finds its token in what is mounted."""
    values = yaml.safe_load(text)
    jsonschema.validate(values, CHART)
    (volume,), (mount,), (variable,) = values["volumes"], values["volumeMounts"], values["env"]
    assert volume["name"] == mount["name"]
    assert TOKEN_FILE.startswith(f"{mount['mountPath']}/")
    assert variable["name"] == "AIRFLOW_CONN_OM_MESSAGING_DEFAULT"
    check_connection(variable["value"], folder)


def check_settings(text: str, _folder: Path) -> None:
    """Airflow has the settings, and the backend that they name takes its arguments."""
    from airflow.configuration import conf

    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    assert [section for section in parser.sections() if section != "secrets"] == []
    secrets = parser["secrets"]
    assert all(conf.has_option("secrets", option) for option in secrets)
    arguments = json.loads(secrets["backend_kwargs"])
    assert arguments.keys() <= BACKENDS[secrets["backend"]]
    # Where the commands on the same page put the connection.
    places = [arguments.get(key) for key in ("mount_point", "connections_path", "connections_prefix")]
    assert "/".join(filter(None, places)) == "airflow/connections"


def check_metadata(text: str, _folder: Path) -> None:
    """A restore reads the file, and an export writes the same bytes."""
    service, metadata = parse_metadata(text.encode())
    shown = json.loads(text)
    assert (service, metadata) == (shown["service"], shown["metadata"])
    empty = json.loads(format_metadata({"name": "edge.kafka", "serviceType": shown["serviceType"]}))
    assert {**empty, "metadata": metadata} == shown
    assert list(empty["metadata"]) == list(metadata)


def check_csv(text: str, _folder: Path) -> None:
    """A dry run on the sandbox takes each row."""
    with connect_sandbox():
        result = OpenMetadataMessagingHook().import_csv("sample_kafka", text, dry_run=True)
    rows = len(text.splitlines()) - 1
    assert (result.rows_processed, result.rows_failed) == (rows, 0), result.results_csv


def check_dockerfile(text: str, folder: Path) -> None:
    """Airflow's image of a tested version, and packages that are there. Not built: that takes an engine."""
    first, *rest = text.replace("\\\n", " ").splitlines()
    assert re.fullmatch(rf"FROM apache/airflow:({'|'.join(map(re.escape, AIRFLOW_VERSIONS))})", first)
    for line in rest:
        instruction, _, command = line.partition(" ")
        assert instruction == "RUN", line
        check_shell(command, folder)

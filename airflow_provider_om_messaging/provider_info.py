"""The one table behind the connection form, the links and the registration with Airflow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

PACKAGE = "airflow_provider_om_messaging"
CONN_TYPE = "om_messaging"
HOOK_NAME = "OpenMetadata messaging"
DEFAULT_CONN_ID = "om_messaging_default"
DOCUMENTATION = "https://airflow-provider-om-messaging.readthedocs.io/"
# What Airflow's registry lists, by the module that a DAG imports from.
MODULES = {
    "operators": (
        "export_csv",
        "export_metadata",
        "import_csv",
        "job_result",
        "list_services",
        "patch",
        "plan",
        "versions",
    ),
    "sensors": ("csv_job",),
    "hooks": ("messaging",),
    "triggers": ("changes", "csv_job"),
}


@dataclass(frozen=True)
class ExtraField:
    """
    One field of the connection that is stored in its extra.

    :param name: the key in the extra.
    :param label: what the form calls it.
    :param description: the form's help text.
    :param kind: ``string`` or ``number``.
    """

    name: str
    label: str
    description: str
    kind: str = "string"


EXTRA_FIELDS = (
    ExtraField("verify", "Verify TLS certificate", "true, false, or the path of a CA file. Default: true"),
    ExtraField("client_cert", "Client certificate file", "Path of a PEM file, for servers that ask for one"),
    ExtraField(
        "client_key", "Client key file", "Path of the certificate's key, if it is in a file of its own"
    ),
    ExtraField(
        "connect_timeout",
        "Connection timeout (seconds)",
        "How long to wait for a connection. Default: 10",
        "number",
    ),
    ExtraField(
        "read_timeout",
        "Response timeout (seconds)",
        "How long the server may send nothing. Default: 300, because a large import answers late",
        "number",
    ),
    ExtraField(
        "proxy", "Proxy URL", "Default: the environment variables HTTPS_PROXY, HTTP_PROXY and NO_PROXY"
    ),
    ExtraField(
        "token_file",
        "JWT token file",
        "Path of a file with the JWT, read again when the server answers 401",
    ),
)

UI_FIELD_BEHAVIOUR: dict[str, Any] = {
    "hidden_fields": ["login"],
    "relabeling": {"password": "JWT token", "schema": "Scheme"},
    "placeholders": {
        "host": "acme.getcollate.io, https://acme.getcollate.io/api or http://localhost:8585",
        "password": "the JWT of a bot, from OpenMetadata's Settings > Bots",
        "schema": "https or http, if Host does not say it",
    },
}


LINKS = ("ServiceLink", "TopicLink", "PlanLink", "JobLink")


_ASSET_URIS = {
    "schemes": ["openmetadata"],
    "handler": f"{PACKAGE}.lineage.assets.sanitize_uri",
    "factory": f"{PACKAGE}.lineage.assets.create_asset",
    "to_openlineage_converter": f"{PACKAGE}.lineage.assets.convert_asset_to_openlineage",
}


def get_provider_info() -> dict[str, Any]:
    """Return the provider's description in the shape that Airflow's provider manager reads."""
    return {
        "package-name": "airflow-provider-om-messaging",
        "name": HOOK_NAME,
        "description": "Metadata of messaging services (Kafka, Pub/Sub, …) in OpenMetadata or Collate.",
        "integrations": [
            {"integration-name": HOOK_NAME, "external-doc-url": DOCUMENTATION, "tags": ["service"]},
        ],
        **{
            group: [
                {
                    "integration-name": HOOK_NAME,
                    "python-modules": [f"{PACKAGE}.{group}.{module}" for module in modules],
                }
            ]
            for group, modules in MODULES.items()
        },
        "connection-types": [
            {
                "connection-type": CONN_TYPE,
                "hook-class-name": f"{PACKAGE}.hooks.messaging.OpenMetadataMessagingHook",
                "hook-name": HOOK_NAME,
                "ui-field-behaviour": {
                    "hidden-fields": UI_FIELD_BEHAVIOUR["hidden_fields"],
                    "relabeling": UI_FIELD_BEHAVIOUR["relabeling"],
                    "placeholders": UI_FIELD_BEHAVIOUR["placeholders"],
                },
                "conn-fields": {
                    field.name: {
                        "label": field.label,
                        "description": field.description,
                        "schema": {"type": [field.kind, "null"]},
                    }
                    for field in EXTRA_FIELDS
                },
            }
        ],
        "plugins": [
            {"name": "om_messaging", "plugin-class": f"{PACKAGE}.ui.plugin.OpenMetadataMessagingPlugin"}
        ],
        # Airflow 2.11 shows no link whose class is not named here.
        "extra-links": [f"{PACKAGE}.ui.links.{link}" for link in LINKS],
        # The second is what 2.11 reads.
        "asset-uris": [_ASSET_URIS],
        "dataset-uris": [_ASSET_URIS],
    }

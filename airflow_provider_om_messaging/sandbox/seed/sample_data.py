"""The data a fresh sandbox starts with; the same every time."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.sandbox.access import rights
from airflow_provider_om_messaging.sandbox.csv.topics import build_topic
from airflow_provider_om_messaging.sandbox.entities import labels, names, references, schema_fields
from airflow_provider_om_messaging.sandbox.entity_types.registry import (
    CLASSIFICATION,
    DOMAIN,
    GLOSSARY,
    GLOSSARY_TERM,
    SERVICE,
    TAG,
    TEAM,
    TOPIC,
    USER,
    Document,
)
from airflow_provider_om_messaging.sandbox.seed import schemas, terms
from airflow_provider_om_messaging.sandbox.seed.topics import TopicSeed, get_topics

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox.clock import Clock
    from airflow_provider_om_messaging.sandbox.entities.catalog import Catalog
    from airflow_provider_om_messaging.sandbox.generations import Generation
    from airflow_provider_om_messaging.sandbox.seed.bulk_data import BulkData

_NAMESPACE = uuid.UUID("6f0c2a52-5d0b-5c1e-9d5e-0d6f6d2f7a11")
#: How long before the first start the data was last changed, so that no editing session is open.
_AGE_SECONDS = 30 * 24 * 3600
_sample_catalogs: dict[tuple[str, BulkData], dict[str, Any]] = {}

_USERS = (
    # name, display name, roles
    ("admin", None, ()),
    ("ingestion-bot", None, ()),
    ("reader", "Read Only", ()),
    ("alice", "Alice Moreau", ("DataSteward",)),
    ("bob", "Bob Okafor", ("DataConsumer",)),
    ("carol.jones", "Carol Jones", ("DataSteward",)),
    ("dmitri", "Дмитрий Соколов", ("DataConsumer",)),
    ("hanako", "山田 花子", ("DataConsumer",)),
    ("layla", "ليلى حداد", ("DataConsumer",)),
    ("jürgen", "Jürgen Weiß", ("DataConsumer",)),
    ("o'brien", 'Pat "PJ" O\'Brien', ("DataConsumer",)),
    ("mei", "陈美", ("DataConsumer",)),
    ("Grace.Hopper", "Grace Hopper", ("DataConsumer",)),
    ("jo", None, ()),
)
#: Who is in no team but the organization, and so has the role of everybody in it.
_ORDINARY = ("jo",)
_TEAMS = (
    # name, display name, type; only a Group may own things
    (rights.ORGANIZATION, "Organization", "Organization"),
    ("data-platform", "Data Platform", "Group"),
    ("payments", "Payments", "Group"),
    ("logistics", "Logistics, Ports & Rail", "Group"),
    ("growth", "Growth", "Group"),
    ("fulfilment.eu", "Fulfilment EU", "Group"),
)
_TAGS: dict[tuple[str, str, bool], dict[str, str]] = {
    # (classification, description, whether its tags exclude each other): tags with descriptions
    ("PII", "How personal the data is.", True): {
        "Sensitive": "PII which if lost, compromised, or disclosed without authorization, could result in "
        "substantial harm, embarrassment, inconvenience, or unfairness to an individual.",
        "NonSensitive": "Identifies a person.",
        "None": "Holds nothing personal.",
    },
    ("Tier", "How much depends on it.", True): {
        "Tier1": "**Critical Source of Truth business data assets of an organization**\n\n"
        "- Used in critical metrics and dashboards to drive business and product decisions\n\n"
        "- Used in critical compliance reporting to regulators, govt entities, and third party\n\n"
        "- Used in brand or revenue impacting online user-facing experiences (search results, advertisement, "
        "promotions, and experimentation)\n\n"
        "- Other high impact use, such as ML models and fraud detection\n\n"
        "- Source used to derive other critical Tier-1 datasets",
        "Tier2": "A department stops without it.",
        "Tier3": "Missed within the day.",
        "Tier4": "Missed within the week.",
        "Tier5": "Private or short-lived.",
    },
    ("Compliance", "Rules that the data is under.", False): {
        "GDPR": "",
        "SOX": "",
        "PCI;DSS": "Cards; see the yearly audit.",
        "HIPAA, US": "",
    },
    ("Certification", "How far it can be trusted.", True): {
        "Gold": "Checked every night.",
        "Silver": "Checked once.",
        "Bronze": "Looked at.",
    },
    ("Retention", "How long it is kept.", True): {"7.days": "", "30.days": "", "forever": ""},
}
_TAGS_BELOW: dict[str, tuple[str, ...]] = {"PII.Sensitive": ("Health",)}
_DOMAINS = (
    # FQN's parts, display name, description
    (("Finance",), "Finance", "Money in and out."),
    (("Finance", "Payments"), "Payments", "Money in."),
    (("Logistics",), "Logistics", "Goods on their way."),
    (("Customer",), "Customer", "Who buys."),
    (("Marketing",), "Marketing; Brand & Growth", "Who might buy."),
    (("Retail.EU",), "Retail (EU)", "Shops of the European Union."),
    (("物流",), "物流", "倉庫と配送。"),
)
_SERVICES: tuple[tuple[str, str, str, str, dict[str, Any]], ...] = (
    (
        "sample_kafka",
        "Kafka",
        "Sample Kafka",
        "The company's main cluster.",
        {
            "type": "Kafka",
            "bootstrapServers": "kafka-1:9092,kafka-2:9092",
            "saslMechanism": "PLAIN",
            "saslUsername": "metadata",
            "saslPassword": "kafka-sandbox-secret",
            "schemaRegistryURL": "http://schema-registry:8081",
            "basicAuthUserInfo": "registry:registry-sandbox-secret",
        },
    ),
    (
        "edge.kafka",
        "Kafka",
        "Edge Kafka",
        "Clusters in the shops; its name has a dot.",
        {
            "type": "Kafka",
            "bootstrapServers": "edge:9092",
            "saslUsername": "edge",
            "saslPassword": "edge-sandbox-secret",
        },
    ),
    (
        "orders_redpanda",
        "Redpanda",
        "Orders",
        "Everything about orders, one topic a step.",
        {
            "type": "Redpanda",
            "bootstrapServers": "redpanda:9092",
            "saslUsername": "orders",
            "saslPassword": "redpanda-sandbox-secret",
        },
    ),
    (
        "clicks_kinesis",
        "Kinesis",
        "Clicks",
        "Clickstream of the web shop and the apps.",
        {
            "type": "Kinesis",
            "awsConfig": {
                "awsAccessKeyId": "AKIASANDBOX",
                "awsSecretAccessKey": "kinesis-sandbox-secret",
                "awsRegion": "eu-west-1",
            },
        },
    ),
    (
        "empty_pubsub",
        "PubSub",
        "Empty Pub/Sub",
        "A service without any topic.",
        {
            "type": "PubSub",
            "gcpConfig": {
                "gcpConfig": {
                    "type": "service_account",
                    "projectId": "sandbox",
                    "privateKey": "pubsub-sandbox-secret",
                },
            },
        },
    ),
)
#: The connection of a service of a type that a generation does not know.
_CUSTOM = {"type": "CustomMessaging", "sourcePythonClass": "company.messaging.Source"}


def fill(catalog: Catalog, clock: Clock, generation: Generation, bulk_data: BulkData) -> None:
    """
    Fill an empty catalog.

    What a generation has without more data is made once in a process, and all its catalogs share the
    documents: to make them takes longer than most tests do.

    :param generation: where entities can have but one owner and domain, each gets the first. Names and types
        of services that it does not know get another.
    :param bulk_data: how much to have beyond the sample data.
    :param clock: put back while the data is made, so that it looks a month old.
    """
    if data := _sample_catalogs.get((generation.name, bulk_data)):
        catalog.load(data)
        return
    _fill_catalog(catalog, clock, generation, bulk_data)
    if bulk_data.is_empty:
        _sample_catalogs[generation.name, bulk_data] = made = catalog.dump()
        catalog.load(made)


def _fill_catalog(catalog: Catalog, clock: Clock, generation: Generation, bulk_data: BulkData) -> None:
    clock.offset -= _AGE_SECONDS
    try:
        _create_people(catalog)
        _create_labels(catalog)
        for name, service_type, display_name, description, config in _SERVICES:
            if service_type not in generation.service_types:
                service_type, config = _CUSTOM["type"], _CUSTOM
            document = {
                "name": name,
                "fullyQualifiedName": names.quote(name),
                "displayName": display_name,
                "description": description,
                "serviceType": service_type,
                "connection": {"config": config},
                "tags": labels.build_labels(catalog, terms.LABELS.get(name, ())),
            }
            service = _create(catalog, SERVICE.name, document)
            for topic in get_topics(name):
                _create(catalog, TOPIC.name, _create_topic(catalog, generation, service, topic))
        for document, topics in bulk_data.iterate_services():
            service = _create(catalog, SERVICE.name, document)
            for topic in topics:
                _create(catalog, TOPIC.name, _create_topic(catalog, generation, service, topic))
        clock.offset += _AGE_SECONDS / 2
        _make_edits(catalog, generation)
    finally:
        clock.offset = 0.0


def _create_people(catalog: Catalog) -> None:
    about = {rights.ORGANIZATION: "Organization under which all the other team hierarchy is created"}
    teams = [
        _create(
            catalog, TEAM.name, _find_by_name(name, text, teamType=entity_type, description=about.get(name))
        )
        for name, text, entity_type in _TEAMS
    ]
    for number, (spelling, display_name, roles) in enumerate(_USERS):
        name = catalog.generation.spell_name(spelling)
        in_team = teams[0] if name in _ORDINARY else teams[1 + number % (len(teams) - 1)]
        team = references.build_reference(TEAM.name, in_team)
        held = [
            {"id": _compute_stable_id("role", role), "type": "role", "name": role, "fullyQualifiedName": role}
            for role in roles
        ]
        address = f"user{number}@example.com" if not name.isascii() or "'" in name else f"{name}@example.com"
        user = _find_by_name(name, display_name, email=address, teams=[team], roles=held)
        user["fullyQualifiedName"] = user["fullyQualifiedName"].lower()
        user.update(isAdmin=name == "admin", isBot=name == "ingestion-bot")
        if name == "admin":
            user["isEmailVerified"] = True
        _create(catalog, USER.name, user, by=name if user["isBot"] else "admin")


def _create_labels(catalog: Catalog) -> None:
    for (name, about, exclusive), tags in _TAGS.items():
        document = _find_by_name(name, None, description=about, mutuallyExclusive=exclusive, provider="user")
        classification = _create(catalog, CLASSIFICATION.name, document)
        for spelling, description in tags.items():
            tag = catalog.generation.spell_name(spelling)
            label = {
                "name": tag,
                "fullyQualifiedName": names.join(name, tag),
                "description": description,
                "classification": references.build_reference(CLASSIFICATION.name, classification),
            }
            above = _create(catalog, TAG.name, label)
            for below in _TAGS_BELOW.get(above["fullyQualifiedName"], ()):
                fqn = names.join(above["fullyQualifiedName"], below)
                parent = references.build_reference(TAG.name, above)
                _create(
                    catalog, TAG.name, {**label, "name": below, "fullyQualifiedName": fqn, "parent": parent}
                )
    for document in terms.iterate_glossaries():
        glossary = _create(catalog, GLOSSARY.name, document)
        for term in terms.iterate_terms(catalog, glossary):
            _create(catalog, GLOSSARY_TERM.name, term)
    for parts, display_name, description in _DOMAINS:
        fqn = names.join(*(names.quote(part) for part in parts))
        domain: Document = {"name": parts[-1], "fullyQualifiedName": fqn, "displayName": display_name}
        if len(parts) > 1:
            domain["parent"] = references.build_reference(
                DOMAIN.name, catalog.get_by_name(DOMAIN.name, parts[0])
            )
        more = {"description": description, "domainType": "Source-aligned"}
        _create(catalog, DOMAIN.name, {**domain, **more})


def _create_topic(catalog: Catalog, generation: Generation, service: Document, topic: TopicSeed) -> Document:
    named = (generation.spell_name(owner).split(":", 1) for owner in topic.owners)
    owners = [
        references.build_reference(entity_type, catalog.get_by_name(entity_type, name))
        for entity_type, name in named
    ]
    domain_entities = (catalog.get_by_name(DOMAIN.name, fqn) for fqn in topic.domains)
    domains = [references.build_reference(DOMAIN.name, domain) for domain in domain_entities]
    properties: dict[str, Any] = {
        "displayName": topic.display_name,
        "description": topic.description,
        "tags": labels.build_tag_labels(catalog, [generation.spell_name(tag) for tag in topic.tags]),
        **generation.build_references(owners=owners, domains=domains),
        "partitions": topic.partitions,
        "replicationFactor": 3,
        "cleanupPolicies": ["delete"],
        schema_fields.SCHEMA: schemas.get_schema(service["name"], topic.name),
    }
    schema_fields.complete(catalog, properties)
    given = {key: value for key, value in properties.items() if value}
    return build_topic(service, generation.spell_name(topic.name), given)


def _make_edits(catalog: Catalog, generation: Generation) -> None:
    """Give some entities a past: a service of three versions, one with an owner and a domain to inherit."""
    kafka = catalog.get_by_name(SERVICE.name, "sample_kafka")
    text = "The company's main cluster: orders, payments, stock and shipping."
    kafka, _ = catalog.update(SERVICE.name, {**kafka, "description": text}, "alice")
    tags = labels.build_tag_labels(catalog, ["Tier.Tier1"])
    catalog.update(SERVICE.name, {**kafka, "tags": tags}, "admin")
    orders = catalog.get_by_name(SERVICE.name, "orders_redpanda")
    team = references.build_reference(TEAM.name, catalog.get_by_name(TEAM.name, "payments"))
    domain = references.build_reference(DOMAIN.name, catalog.get_by_name(DOMAIN.name, "Finance"))
    catalog.update(
        SERVICE.name, {**orders, **generation.build_references(owners=[team], domains=[domain])}, "admin"
    )


def _find_by_name(name: str, display_name: str | None, **more: Any) -> Document:
    return {"name": name, "fullyQualifiedName": names.quote(name), "displayName": display_name, **more}


def _create(catalog: Catalog, entity_type: str, document: Document, *, by: str = "admin") -> Document:
    entity_id = _compute_stable_id(entity_type, document["fullyQualifiedName"])
    return catalog.create(entity_type, document, by, entity_id=entity_id)


def _compute_stable_id(entity_type: str, fqn: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"{entity_type}/{fqn}"))

"""What differs between the generations of servers that the sandbox stands in for, in one place.

What a client knows of them is in ``protocol/wire/capabilities.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.sandbox.entities import reply_fields
from airflow_provider_om_messaging.sandbox.entities.names import OF_1_2, OF_1_3, OF_2_0, Rule
from airflow_provider_om_messaging.sandbox.http import error_shapes, paging

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_provider_om_messaging.sandbox.entity_types.registry import Document, EntityType
    from airflow_provider_om_messaging.sandbox.http.error_shapes import Shape
    from airflow_provider_om_messaging.sandbox.http.errors import ApiError

#: Editions, and the switches they set: only the vendor documents CSV routes for messaging services.
EDITIONS: dict[str, dict[str, Any]] = {"documented": {}, "open-source": {"csv_routes": False}}

_SINGULAR_TYPES = {"references": "object", "names": "text"}
#: People were of several domains when all else was of one.
_ALWAYS_LISTS = {("user", "domains"), ("team", "domains")}


@dataclass(frozen=True)
class Generation:
    """
    How one generation of the server behaves; the defaults are those of 2.0.

    :param name: its name on the command line.
    :param version: what ``/v1/system/version`` says.
    :param switches: defaults of switches that are others than in 2.0.
    :param shape: how an error looks on the wire.
    :param header_is_a_row: whether an import counts the header as one processed and passed row.
    :param singular: lists that are one thing in this generation: ``owner`` before 1.5, ``domain`` before 1.9.
    :param inherited: what a topic without one of its own shows of its service.
    :param marks_inherited: whether it marks them. A PATCH in a generation that does not is applied to what is
        shown: to take away what is inherited counts as a change, and former versions hold it.
    :param unknown: properties that no entity of this generation has, or, after the name of an entity type and
        a dot, none of that type; after ``changeEvent``, members of events and parameters that ask for them.
    :param as_given: ``tags`` or ``domain``, where a PATCH stores them as they were sent, shows them so in its
        reply and its version, and completes them only when they are read.
    :param checks_domains: whether a PATCH looks whether a domain exists. One that does not makes every read
        of it, and of the topics that inherit it, a 404.
    :param failure_takes_tags: whether a PATCH with an unknown tag or term takes all tags away, without a
        version, before it is refused.
    :param names_references: whether a reference without a display name has its name for one.
    :param reply_fields: what replies to writes show though it is empty; None if all that there is.
    :param connection_defaults: type of service → what its connection has if nothing else is given.
    :param fixed_type: the text of the 400 for a PATCH that changes the type of a service; None if it is put
        back without a word.
    :param tells_no_change: whether a reply without a change has an empty change description.
    :param session_always_changes: whether a PATCH without a change is reported as one within a session.
    :param empty_text_is_nothing: whether an empty text counts as none when versions are compared.
    :param cursor: how lists say where they go on.
    :param tags_content: whether a strong entity tag is made of the whole entity, and sent by PUT and POST as
        well; before, it was made of version and time, and sent by GET and PATCH only.
    :param guarded_patch_is_alone: whether a PATCH with ``If-Match`` never continues an editing session.
    :param patch_by_name: whether PATCH takes a name.
    :param patch_adds_absent: whether ``replace`` of an absent member adds it.
    :param patch_removes_last: whether every ``remove`` of a patch is carried out after all others.
    :param patch_quotes_entity: whether the error of a failing patch quotes the entity, secrets included.
    :param patch_misfit_status: status of a patch whose result is no entity of its type.
    :param patch_renames: whether a PATCH can rename, if it changes something else as well.
    :param rights_by_label: whether tiers, certifications and glossary terms take rights of their own.
    :param domains_right: the right to change domains, where that is so.
    :param lists_field_labels_with_schema: whether a list shows the labels of schema fields only if
        ``fields`` names ``messageSchema`` beside ``tags``.
    :param certification_renews: whether a certification that is sent again with other dates, or with none, is
        applied anew; in 2.0 it stays as it is.
    :param patch_checks_body: whether JSON that is no list of operations is a 400, and a pointer without its
        slash an unhandled exception; later it is the other way round.
    :param undecodable: the text of the 401 of a token that cannot be decoded.
    :param bot_role: the role of the ingestion bot; without one it may do everything.
    :param broken_tokens_fail: whether ``Bearer`` without a token is an unhandled exception.
    :param unknown_keys_fail: whether a token of an unknown key is one.
    :param login_status: status of a wrong password.
    :param user_defaults: what a new user is called if the request does not say.
    :param sessions: whether a person's PATCHes within ten minutes are merged into one version.
    :param names: which names it takes.
    :param spellings: names in the sample data that it does not take, and what stands for them.
    :param service_types: which types of service it knows.
    :param page_status: status of the HTML page for paths outside of ``/api``.
    :param pushes: whether jobs report over Socket.IO and nowhere else.
    :param async_max_bytes: largest body, in UTF-8 bytes, that ``importAsync`` takes.
    :param async_max_lines: most newline characters that ``importAsync`` takes.
    """

    name: str = "2.0"
    version: str = "2.0.1"
    switches: Mapping[str, Any] = field(default_factory=dict)
    shape: Callable[[ApiError], Shape] = error_shapes.shape_as_today
    header_is_a_row: bool = False
    singular: Mapping[str, str] = field(default_factory=dict)
    inherited: tuple[str, ...] = ("owners", "domains")
    marks_inherited: bool = True
    unknown: frozenset[str] = frozenset({"status"})
    as_given: frozenset[str] = frozenset()
    checks_domains: bool = True
    failure_takes_tags: bool = False
    names_references: bool = False
    reply_fields: reply_fields.Table | None = None
    connection_defaults: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    fixed_type: str | None = None
    tells_no_change: bool = False
    session_always_changes: bool = False
    empty_text_is_nothing: bool = True
    cursor: paging.Cursor = paging.NAME_AND_ID
    tags_content: bool = True
    guarded_patch_is_alone: bool = True
    patch_by_name: bool = True
    patch_adds_absent: bool = True
    patch_removes_last: bool = False
    patch_quotes_entity: bool = False
    patch_misfit_status: int = 500
    patch_renames: bool = False
    rights_by_label: bool = True
    domains_right: str = "EditDomains"
    lists_field_labels_with_schema: bool = True
    certification_renews: bool = False
    patch_checks_body: bool = False
    undecodable: str = "Not Authorized! Invalid token."
    bot_role: str | None = None
    broken_tokens_fail: bool = False
    unknown_keys_fail: bool = False
    login_status: int = 401
    user_defaults: Mapping[str, Any] = field(default_factory=lambda: {"isBot": False, "isAdmin": False})
    sessions: bool = True
    names: Rule = OF_2_0
    spellings: Mapping[str, str] = field(default_factory=dict)
    service_types: tuple[str, ...] = ("Kafka", "Redpanda", "Kinesis", "Nats", "PubSub", "CustomMessaging")
    page_status: int = 200
    pushes: bool = False
    async_max_bytes: int | None = 20_971_520
    async_max_lines: int | None = 100_000

    def adapt_entity_type(self, entity_type: EntityType) -> EntityType:
        """Return an entity type as this generation has it."""
        unknown = self.unknown.union(name.removeprefix(f"{entity_type.name}.") for name in self.unknown)
        single = {
            new: old for new, old in self.singular.items() if (entity_type.name, new) not in _ALWAYS_LISTS
        }
        return replace(
            entity_type,
            properties=_adapt_properties(entity_type.properties, unknown, single),
            on_request=frozenset(single.get(name, name) for name in entity_type.on_request - unknown),
            create=None
            if entity_type.create is None
            else _adapt_properties(entity_type.create, unknown, single),
            defaults={name: value for name, value in entity_type.defaults.items() if name not in unknown},
        )

    def spell_name(self, text: str) -> str:
        """Return a name or FQN of the sample data as this generation can hold it."""
        for name, other in self.spellings.items():
            text = text.replace(name, other)
        return text

    def build_references(self, **lists: list[Document]) -> Document:
        """
        Return lists of references as the properties of an entity.

        :param lists: ``owners`` or ``domains``; where there can be but one, it is the first.
        """
        references: Document = {}
        for name, items in lists.items():
            references[self.get_property_name(name)] = (
                (items[0] if items else None) if name in self.singular else items
            )
        return references

    def get_property_name(self, name: str) -> str:
        """Return what this generation calls a property."""
        return self.singular.get(name, name)


def _adapt_properties(
    properties: dict[str, str], unknown: frozenset[str] | set[str], single: Mapping[str, str]
) -> dict[str, str]:
    return {
        single.get(name, name): _SINGULAR_TYPES[value_type] if name in single else value_type
        for name, value_type in properties.items()
        if name not in unknown
    }


GENERATION_2_0 = Generation()

_SOCKET_JOBS = {"job_api": False, "patch_error_status": 500}

GENERATION_1_13 = replace(
    GENERATION_2_0,
    name="1.13",
    version="1.13.2",
    switches=_SOCKET_JOBS,
    tags_content=False,
    guarded_patch_is_alone=False,
    domains_right="EditAll",
    certification_renews=True,
    unknown_keys_fail=True,
    unknown=frozenset({"status", "changeEvent.entityFullyQualifiedName"}),
    names=OF_1_3,
    pushes=True,
    async_max_bytes=None,
    async_max_lines=None,
)

#: What measured servers before 1.9 have in common.
_BEFORE_1_9: dict[str, Any] = {
    "rights_by_label": False,
    "lists_field_labels_with_schema": False,
    "patch_adds_absent": False,
    "patch_quotes_entity": True,
    "patch_checks_body": True,
    "patch_misfit_status": 400,
    "broken_tokens_fail": True,
    "empty_text_is_nothing": False,
    "bot_role": "IngestionBotRole",
    "page_status": 404,
    "login_status": 400,
    "service_types": ("Kafka", "Redpanda", "Kinesis", "CustomMessaging"),
}
_OLD_SWITCHES = {**_SOCKET_JOBS, "if_match": False, "race_window": 0.02}
_NOT_BEFORE_1_9 = frozenset(
    {
        "certification",
        "changeEvent.entityFullyQualifiedName",
        "dataContract",
        "entityStatus",
        "impersonatedBy",
        "incrementalChangeDescription",
        "ingestionRunner",
        "messagingService.followers",
        "messagingService.style",
    }
)

#: As measured on a build of October 2024.
GENERATION_1_6 = replace(
    GENERATION_1_13,
    **_BEFORE_1_9,
    name="1.6",
    version="1.6.0",
    switches=_OLD_SWITCHES,
    shape=error_shapes.shape_as_1_6,
    header_is_a_row=True,
    singular={"domains": "domain"},
    inherited=("domain",),
    unknown=_NOT_BEFORE_1_9,
    as_given=frozenset({"domain"}),
    names_references=True,
    reply_fields=reply_fields.OF_1_6,
    connection_defaults={
        "Kafka": {
            "securityProtocol": "PLAINTEXT",
            "saslMechanism": "PLAIN",
            "schemaRegistryTopicSuffixName": "-value",
            "supportsMetadataExtraction": True,
        },
        "Redpanda": {
            "securityProtocol": "PLAINTEXT",
            "saslMechanism": "PLAIN",
            "supportsMetadataExtraction": True,
        },
    },
    fixed_type="Failed to convert [{name}] to type [{type}]. Review the connection.",
    session_always_changes=True,
    cursor=paging.NAME_AND_ID_UNCHECKED,
    undecodable="Not Authorized! Unable to decode the token.",
)

#: As measured on a build of October 2023. A pause between reading and writing lets it lose updates as it did.
GENERATION_1_2 = replace(
    GENERATION_1_13,
    **_BEFORE_1_9,
    name="1.2",
    version="1.2.0",
    switches={**_OLD_SWITCHES, "export_charset": False, "lists_inherit": False},
    shape=error_shapes.shape_as_1_2,
    names=OF_1_2,
    spellings={
        "o'brien": "obrien",
        "PCI;DSS": "PCI-DSS",
        "HIPAA, US": "HIPAA (US)",
        "commas,and;semicolons": "commas and semicolons",
    },
    header_is_a_row=True,
    singular={"owners": "owner", "domains": "domain"},
    inherited=("domain",),
    marks_inherited=False,
    unknown=frozenset(
        {
            *_NOT_BEFORE_1_9,
            "changeEvent.entityRestored",
            "changeEvent.id",
            "messagingService.dataProducts",
            "user.domains",
            "team.domains",
            "glossary.dataProducts",
            "glossaryTerm.dataProducts",
        }
    ),
    as_given=frozenset({"tags", "domain"}),
    checks_domains=False,
    failure_takes_tags=True,
    reply_fields=reply_fields.OF_1_2,
    connection_defaults={
        "Kafka": {"saslMechanism": "PLAIN", "supportsMetadataExtraction": True},
        "Redpanda": {"saslMechanism": "PLAIN", "supportsMetadataExtraction": True},
    },
    fixed_type=(
        "InvalidServiceConnectionException for service [{type}] due to "
        "[Failed to encrypt connection instance of {type}]."
    ),
    tells_no_change=True,
    user_defaults={"isAdmin": False},
    cursor=paging.NAME,
    undecodable="Invalid token",
    patch_by_name=False,
    patch_removes_last=True,
    patch_renames=True,
    sessions=False,
)

GENERATIONS = {
    generation.name: generation
    for generation in (GENERATION_2_0, GENERATION_1_13, GENERATION_1_6, GENERATION_1_2)
}


def choose_generation(name: str, edition: str) -> tuple[Generation, dict[str, Any]]:
    """
    Return a generation, and the switches that it and an edition set.

    :param name: a key of ``GENERATIONS``.
    :param edition: a key of ``EDITIONS``.
    """
    for given, known, what in ((name, GENERATIONS, "generation"), (edition, EDITIONS, "edition")):
        if given not in known:
            raise ValueError(f"the {what} is one of {', '.join(known)}, not {given!r}")
    generation = GENERATIONS[name]
    return generation, {**generation.switches, **EDITIONS[edition]}

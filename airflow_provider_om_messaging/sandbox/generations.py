"""What differs between generations of the server, in one place."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.sandbox.entities.names import OF_1_2, OF_1_13, OF_2_0, Rule
from airflow_provider_om_messaging.sandbox.http import error_shapes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_provider_om_messaging.sandbox.entities.entity_types import Document, Kind
    from airflow_provider_om_messaging.sandbox.http.error_shapes import Shape
    from airflow_provider_om_messaging.sandbox.http.errors import ApiError

#: Editions, and the switches they set: only the vendor documents CSV routes for messaging services.
EDITIONS: dict[str, dict[str, Any]] = {"documented": {}, "open-source": {"csv_routes": False}}

#: What was one thing before it became a list: names and types.
_SINGULAR = {"owners": "owner", "domains": "domain"}
_SINGULAR_TYPES = {"references": "object", "names": "text"}


@dataclass(frozen=True)
class Era:
    """
    One generation's manners; the defaults are those of 2.0.

    :param name: its name on the command line.
    :param version: what ``/v1/system/version`` says.
    :param switches: defaults of switches that are others than in 2.0.
    :param shape: how an error looks on the wire.
    :param header_is_a_row: whether an import counts the header as one processed and passed row.
    :param single_owner: whether entities have one ``owner`` and one ``domain`` in place of lists.
    :param inherited: what a topic without one of its own shows of its service.
    :param marks_inherited: whether it tells so. A PATCH in a generation that does not is applied to what is
        shown: to take away what is inherited counts as a change, and former versions hold it.
    :param unknown: properties that no entity of this generation has, or, after the name of a kind and a dot,
        none of that kind.
    :param tags_content: whether a strong entity tag is made of the whole entity, and sent by PUT and POST as
        well; before, it was made of version and time, and sent by GET and PATCH only.
    :param guarded_patch_is_alone: whether a PATCH with ``If-Match`` never continues an editing session.
    :param patch_by_name: whether PATCH takes a name.
    :param patch_adds_absent: whether ``replace`` of an absent member adds it.
    :param patch_removes_last: whether every ``remove`` of a patch is carried out after all others.
    :param patch_quotes_entity: whether the error of a failing patch quotes the entity, secrets included.
    :param patch_misfit_status: status of a patch whose result is no entity of its kind.
    :param patch_renames: whether a PATCH can rename, if it changes something else as well.
    :param rights_by_label: whether tiers, certifications and glossary terms take rights of their own.
    :param domains_right: the right to change domains, where that is so.
    :param certification_renews: whether a certification that is sent again with other dates, or with none, is
        applied anew; in 2.0 it stays as it is.
    :param broken_tokens_fail: whether ``Bearer`` without a token is an unhandled exception.
    :param unknown_keys_fail: whether a token of an unknown key is one.
    :param login_status: status of a wrong password.
    :param sessions: whether a person's PATCHes within ten minutes are merged into one version.
    :param user_names_fold: whether users are found by their names in any case; their FQNs are in lower case.
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
    shape: Callable[[ApiError], Shape] = error_shapes.today
    header_is_a_row: bool = False
    single_owner: bool = False
    inherited: tuple[str, ...] = ("owners", "domains")
    marks_inherited: bool = True
    unknown: frozenset[str] = frozenset({"status"})
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
    certification_renews: bool = False
    broken_tokens_fail: bool = False
    unknown_keys_fail: bool = False
    login_status: int = 401
    sessions: bool = True
    user_names_fold: bool = True
    names: Rule = OF_2_0
    spellings: Mapping[str, str] = field(default_factory=dict)
    service_types: tuple[str, ...] = ("Kafka", "Redpanda", "Kinesis", "Nats", "PubSub", "CustomMessaging")
    page_status: int = 200
    pushes: bool = False
    async_max_bytes: int | None = 20_971_520
    async_max_lines: int | None = 100_000

    def kind(self, kind: Kind) -> Kind:
        """Return a kind of entity as this generation has it."""
        unknown = self.unknown | {name.removeprefix(f"{kind.name}.") for name in self.unknown}
        return replace(
            kind,
            properties=self._properties(kind.properties, unknown),
            on_request=frozenset(self._name(name) for name in kind.on_request - unknown),
            create=None if kind.create is None else self._properties(kind.create, unknown),
        )

    def spelled(self, text: str) -> str:
        """Return a name or FQN of the sample data as this generation can hold it."""
        for name, other in self.spellings.items():
            text = text.replace(name, other)
        return text

    def related(self, **lists: list[Document]) -> Document:
        """
        Return lists of references as the properties of an entity.

        :param lists: ``owners`` or ``domains``; where there can be but one, it is the first.
        """
        if not self.single_owner:
            return dict(lists)
        return {_SINGULAR[name]: items[0] if items else None for name, items in lists.items()}

    def _name(self, name: str) -> str:
        return _SINGULAR.get(name, name) if self.single_owner else name

    def _properties(self, properties: dict[str, str], unknown: frozenset[str]) -> dict[str, str]:
        found = {}
        for name, kind in properties.items():
            if name not in unknown:
                found[self._name(name)] = kind if self._name(name) == name else _SINGULAR_TYPES[kind]
        return found


ERA_2_0 = Era()

_SOCKET_JOBS = {"job_api": False, "patch_error_status": 500}

ERA_1_13 = replace(
    ERA_2_0,
    name="1.13",
    version="1.13.2",
    switches=_SOCKET_JOBS,
    tags_content=False,
    guarded_patch_is_alone=False,
    domains_right="EditAll",
    certification_renews=True,
    unknown_keys_fail=True,
    names=OF_1_13,
    pushes=True,
    async_max_bytes=None,
    async_max_lines=None,
)

#: As measured on a build of October 2023. A pause between reading and writing lets it lose updates as it did.
ERA_1_2 = replace(
    ERA_1_13,
    name="1.2",
    version="1.2.0",
    switches={
        **_SOCKET_JOBS,
        "if_match": False,
        "export_charset": False,
        "lists_inherit": False,
        "race_window": 0.02,
    },
    shape=error_shapes.of_1_2,
    names=OF_1_2,
    spellings={
        "o'brien": "obrien",
        "PCI;DSS": "PCI-DSS",
        "HIPAA, US": "HIPAA (US)",
        "commas,and;semicolons": "commas and semicolons",
    },
    service_types=("Kafka", "Redpanda", "Kinesis", "CustomMessaging"),
    header_is_a_row=True,
    single_owner=True,
    inherited=("domain",),
    marks_inherited=False,
    unknown=frozenset(
        {
            "certification",
            "dataContract",
            "entityStatus",
            "impersonatedBy",
            "incrementalChangeDescription",
            "ingestionRunner",
            "messagingService.dataProducts",
            "messagingService.followers",
            "messagingService.style",
        }
    ),
    rights_by_label=False,
    patch_by_name=False,
    patch_adds_absent=False,
    patch_removes_last=True,
    patch_quotes_entity=True,
    patch_misfit_status=400,
    patch_renames=True,
    broken_tokens_fail=True,
    login_status=400,
    sessions=False,
    user_names_fold=False,
    page_status=404,
)

GENERATIONS = {era.name: era for era in (ERA_2_0, ERA_1_13, ERA_1_2)}


def chosen(generation: str, edition: str) -> tuple[Era, dict[str, Any]]:
    """
    Return a generation, and the switches that it and an edition set.

    :param generation: a key of ``GENERATIONS``.
    :param edition: a key of ``EDITIONS``.
    """
    for given, known, what in ((generation, GENERATIONS, "generation"), (edition, EDITIONS, "edition")):
        if given not in known:
            raise ValueError(f"the {what} is one of {', '.join(known)}, not {given!r}")
    era = GENERATIONS[generation]
    return era, {**era.switches, **EDITIONS[edition]}

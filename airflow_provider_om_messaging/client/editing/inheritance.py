"""Finding which domains topics may only inherit, on servers before 1.3, which do not mark them.

What a mark means is in :mod:`~airflow_provider_om_messaging.protocol.model.fields`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_om_messaging.client.capabilities import read_generation
from airflow_provider_om_messaging.client.renamed_fields import to_server_names
from airflow_provider_om_messaging.protocol import routes
from airflow_provider_om_messaging.protocol.csv.topic_cells import format_domain
from airflow_provider_om_messaging.protocol.model.entities import TOPIC
from airflow_provider_om_messaging.protocol.model.fields import mark_inheritable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_om_messaging.client.transport.sync import Client
    from airflow_provider_om_messaging.protocol.model.entities import EntityType
    from airflow_provider_om_messaging.protocol.model.fields import Entity


class Inheritance:
    """
    The domains of services, each asked for once, and only of servers before 1.3.

    Of these, topics inherit nothing else: their owners are their own.

    :param client: asks the server.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._domains: dict[str, list[Entity]] = {}

    def look_up(self, service: str, more: Sequence[str] = ()) -> Entity:
        """
        Ask for a service and return it, and keep its domains if they matter.

        :param service: its canonical FQN or id.
        :param more: further fields to ask for.
        :raises Fault: there is no such service.
        """
        marks = read_generation(self._client).marks_inherited
        fields = to_server_names(self._client, [*more, *(() if marks else ("domains",))])
        entity = self._client.call(routes.get_service(service, fields))
        self._domains[service] = [] if marks else entity.get("domains") or []
        return entity

    def find_domains(self, service: str) -> list[Entity]:
        """
        Return the domains that the topics of a service show as theirs; none where the server marks them.

        :param service: its canonical FQN or id.
        :raises Fault: there is no such service.
        """
        if read_generation(self._client).marks_inherited:
            return []
        if service not in self._domains:
            self.look_up(service)
        return self._domains[service]

    def list_domain_names(self, service: str) -> list[str]:
        """Return the names of these domains, as a file has them."""
        return list(map(format_domain, self.find_domains(service)))

    def mark_inherited(self, entity: Entity, kind: EntityType = TOPIC) -> Entity:
        """Return an entity as it was read, with what it may only inherit marked as such."""
        service = entity.get("service")
        if kind is not TOPIC or not entity.get("domains") or not isinstance(service, dict):
            return entity
        return mark_inheritable(
            entity, self.find_domains(str(service.get("fullyQualifiedName") or service.get("id")))
        )

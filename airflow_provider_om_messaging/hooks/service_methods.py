"""The hook's methods about messaging services themselves."""

from __future__ import annotations

from typing import Any

from airflow_provider_om_messaging.exceptions import public_errors
from airflow_provider_om_messaging.hooks.client_access import ClientAccess
from airflow_provider_om_messaging.protocol.services.selection import parse_selection


class ServiceMethods(ClientAccess):
    """Lists services."""

    @public_errors()
    def list_services(
        self,
        service_type: str | None = None,
        domain: str | None = None,
        owner: str | None = None,
        tag: str | None = None,
        name: str | None = None,
    ) -> list[dict[str, Any]]:
        """
        Return the services that meet all conditions that are given, in the order of their names.

        A domain, owner or tag that the server does not know is an error, not an empty list.

        :param service_type: such as ``Kafka``, in any case of letters.
        :param domain: FQN of a domain that the service itself has; domains below it do not count.
        :param owner: ``user:NAME`` or ``team:NAME``. A team's users do not count for the team.
        :param tag: FQN of a tag, or ``glossaryTerm:FQN``; one that a glossary term brings along counts too.
        :param name: a regular expression that the whole name has to match, without quotes and with the case
            of letters: ``orders_.*`` begins with, ``.*kafka.*`` holds, ``(?i)edge.*`` ignores the case.
        :returns: of each ``name``, ``fqn`` (quoted where it has to be), ``type`` and ``topics``, how many
            topics it has.
        """
        from airflow_provider_om_messaging.client.services.listing import list_services

        return list_services(self._client, parse_selection(service_type, domain, owner, tag, name))

"""The hook's methods about messaging services themselves."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.exceptions import public_errors
from airflow_provider_om_messaging.files.path_text import to_text
from airflow_provider_om_messaging.files.storage import Destination
from airflow_provider_om_messaging.hooks.methods.client_access import ClientAccess, parse_service
from airflow_provider_om_messaging.protocol import routes
from airflow_provider_om_messaging.protocol.model.fields import LISTS
from airflow_provider_om_messaging.protocol.model.names import join_fqn
from airflow_provider_om_messaging.protocol.services.metadata import format_metadata
from airflow_provider_om_messaging.protocol.services.selection import parse_selection

if TYPE_CHECKING:
    from os import PathLike


class ServiceMethods(ClientAccess):
    """Lists services, and exports what is said of a service itself."""

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

    @public_errors()
    def export_metadata(
        self, fqn_or_id: str, destination: str | PathLike[str], *, create_parents: bool = False
    ) -> dict[str, Any]:
        """
        Write what is said of a service itself as JSON: description, displayName, owners, tags and domains.

        Nothing of its connection is in the file. :meth:`restore_service` brings it back by ``source``.

        :param destination: a local path or an object-storage URL; ``.gz`` compresses.
        :param create_parents: make the folders of a local destination.
        :returns: service, destination, bytes and sha256 (of the JSON, before compression), and unchanged,
            whether that very content was there already.
        """
        from airflow_provider_om_messaging.client.renamed_fields import to_server_names

        target = Destination(destination, create_parents=create_parents)
        request = routes.get_service(parse_service(fqn_or_id), to_server_names(self._client, LISTS))
        service = self._client.call(request)
        content = format_metadata(service)
        return {
            "service": join_fqn(str(service["name"])),
            "destination": to_text(destination),
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "unchanged": target.write([content]),
        }

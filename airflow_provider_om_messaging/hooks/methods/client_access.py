"""What every part of the hook stands on: the client of a connection, and a service's name."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from airflow_provider_om_messaging.hooks.base import MessagingHookBase, parse_settings
from airflow_provider_om_messaging.hooks.masking import mask_secret
from airflow_provider_om_messaging.protocol import routes
from airflow_provider_om_messaging.protocol.model import names
from airflow_provider_om_messaging.protocol.model.shapes import get_required_text

if TYPE_CHECKING:
    from airflow_provider_om_messaging.client.transport.settings import Settings
    from airflow_provider_om_messaging.client.transport.sync import Client


class ClientAccess(MessagingHookBase):
    """Holds the client of a connection, which is made with the first request."""

    @cached_property
    def _client(self) -> Client:
        from airflow_provider_om_messaging.client.transport.sync import Client

        settings = self._read_settings()
        # What the server refuses may have been replaced in the connection while the task ran.
        settings.token.read_again = lambda: self._read_settings().token.value
        return Client(settings)

    def _read_settings(self) -> Settings:
        settings = parse_settings(self.get_connection(self.om_messaging_conn_id))
        # Airflow masks the Password by itself, a token file's content it cannot know.
        mask_secret(settings.token.value)
        return settings

    def _resolve_fqn(self, fqn_or_id: str) -> str:
        """Return the canonical FQN; CSV routes exist by name only."""
        reference = parse_service(fqn_or_id)
        if not names.is_uuid(reference):
            return reference
        if reference not in self._fqns:
            service = self._client.call(routes.get_service(reference))
            self._fqns[reference] = get_required_text(service, "fullyQualifiedName")
        return self._fqns[reference]

    def known_fqn(self, service_id: str) -> str | None:
        """Return the FQN of an id if it was looked up before; the server is not asked."""
        return self._fqns.get(service_id)

    @cached_property
    def _fqns(self) -> dict[str, str]:
        """Names by ids, as far as they were asked for."""
        return {}


def parse_service(fqn_or_id: str) -> str:
    """Return a service's canonical FQN, or its UUID as it is."""
    text = names.require_text("service", fqn_or_id)
    return text if names.is_uuid(text) else names.parse_service_fqn(text)

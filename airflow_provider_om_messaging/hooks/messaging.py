"""The hook of workers: OpenMetadata's API for messaging services behind an Airflow connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.exceptions import OpenMetadataError, public_errors
from airflow_provider_om_messaging.hooks.messaging_async import OpenMetadataMessagingAsyncHook
from airflow_provider_om_messaging.hooks.methods.client_access import parse_service
from airflow_provider_om_messaging.hooks.methods.csv_methods import CsvMethods
from airflow_provider_om_messaging.hooks.methods.edit_methods import EditMethods
from airflow_provider_om_messaging.hooks.methods.job_methods import JobMethods
from airflow_provider_om_messaging.hooks.methods.service_methods import ServiceMethods
from airflow_provider_om_messaging.protocol import routes
from airflow_provider_om_messaging.protocol.patch.history import mask_connection
from airflow_provider_om_messaging.protocol.wire.printable import end_sentence, to_printable
from airflow_provider_om_messaging.provider_info import EXTRA_FIELDS, UI_FIELD_BEHAVIOUR

if TYPE_CHECKING:
    from collections.abc import Iterable

    from requests import Session

    from airflow_provider_om_messaging.protocol.wire.capabilities import Capabilities

__all__ = ["OpenMetadataMessagingAsyncHook", "OpenMetadataMessagingHook"]


class OpenMetadataMessagingHook(CsvMethods, JobMethods, EditMethods, ServiceMethods):
    """
    Works on messaging services with blocking calls, on workers.

    Every method raises a subclass of :class:`~airflow_provider_om_messaging.exceptions.OpenMetadataError`,
    named after the cause. ``fqn`` is a service's name, quoted or not; ``fqn_or_id`` may be its UUID as well.

    :param om_messaging_conn_id: id of the Airflow connection.
    """

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        """Return the extra fields of the form on Airflow 2.11; 3.x reads the provider info instead."""
        # Airflow looks for this method on the class itself, not on its bases.
        from flask_appbuilder.fieldwidgets import BS3TextFieldWidget
        from wtforms import StringField

        return {
            field.name: StringField(field.label, widget=BS3TextFieldWidget(), description=field.description)
            for field in EXTRA_FIELDS
        }

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Return the labels and placeholders of the form on Airflow 2.11."""
        return UI_FIELD_BEHAVIOUR

    @public_errors()
    def get_conn(self) -> Session:
        """Return a session that is authenticated, and that is reused for all requests of this hook."""
        return self._client.session

    @public_errors()
    def test_connection(self) -> tuple[bool, str]:
        """
        Return whether the server can be used, and what it can do and for whom, or what to mend.

        Extras of the connection that mean nothing are named in either case: they may be what is wrong.
        """
        from airflow_provider_om_messaging.hooks.connection import describe_unknown_extras

        is_usable, text = self._try_server()
        unknown = describe_unknown_extras(self.get_connection(self.om_messaging_conn_id).extra_dejson)
        return is_usable, f"{end_sentence(text)} {unknown}" if unknown else text

    def _try_server(self) -> tuple[bool, str]:
        from airflow_provider_om_messaging.client import capabilities

        try:
            with public_errors():
                capabilities.forget_capabilities(self._client)
                user = self._client.call(routes.get_logged_in_user())
                capabilities_found = capabilities.read_capabilities(self._client, confirm_jobs=True)
        except OpenMetadataError as error:
            return False, str(error)
        kind = "bot" if user.get("isBot") else "user"
        name = to_printable(str(user.get("name", "unknown")))
        return (
            True,
            f"{capabilities_found.describe(self._client.settings.base_url)}. Logged in as {kind} {name}",
        )

    @property
    @public_errors()
    def server_url(self) -> str:
        """The server's address as a browser opens it, without ``/api``."""
        return self._client.settings.base_url.removesuffix("/api")

    @public_errors()
    def capabilities(self) -> Capabilities:
        """Return what the server can do; it is asked once for each connection and process."""
        from airflow_provider_om_messaging.client.capabilities import read_capabilities

        return read_capabilities(self._client)

    @public_errors()
    def server_version(self) -> str:
        """Return the server's version, such as ``2.0.1``."""
        return str(self._client.call(routes.get_server_version()).get("version", ""))

    @public_errors()
    def get_service(self, fqn_or_id: str, fields: Iterable[str] = ()) -> dict[str, Any]:
        """
        Return a messaging service as the server describes it, with its connection's values masked.

        :param fields: fields beyond those that are always there, such as ``owners``.
        """
        from airflow_provider_om_messaging.client.renamed_fields import to_server_names

        reference = parse_service(fqn_or_id)
        request = routes.get_service(reference, to_server_names(self._client, fields))
        return mask_connection(self._client.call(request))

    @public_errors()
    def canonical_fqn(self, fqn_or_id: str) -> str:
        """Return a service's FQN as the server writes it; a UUID is looked up there."""
        return self._resolve_fqn(fqn_or_id)

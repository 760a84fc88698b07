"""What all operators of this package have in common."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_om_messaging.exceptions import public_errors
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.protocol.model.names import is_uuid, required_text, service_fqn

if TYPE_CHECKING:
    from collections.abc import Sequence


class MessagingOperator(BaseOperator):
    """
    Works on one messaging service.

    :param service: the service's name (its FQN, quoted or not) or its UUID.
    :param om_messaging_conn_id: id of the Airflow connection.
    """

    template_fields: Sequence[str] = ("service", "om_messaging_conn_id")
    ui_color = "#efe7fb"

    def __init__(
        self,
        *,
        service: str,
        om_messaging_conn_id: str = OpenMetadataMessagingHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.service = service
        self.om_messaging_conn_id = om_messaging_conn_id

    @cached_property
    def hook(self) -> OpenMetadataMessagingHook:
        """The hook of this task, made once."""
        return OpenMetadataMessagingHook(self.om_messaging_conn_id)

    @public_errors()
    def checked_service(self) -> str:
        """
        Return the service as it was rendered.

        :raises InvalidParameterError: it is empty.
        """
        return required_text("service", self.service)

    def refuse_malformed_service(self) -> None:
        """Check what names the service, before the server is asked anything."""
        service = self.checked_service()
        if not is_uuid(service):
            service_fqn(service)

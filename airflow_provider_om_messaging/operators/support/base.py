"""What all operators of this package have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_om_messaging.exceptions import public_errors
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.operators.support.parameters import CheckedParameters, Parameter, text
from airflow_provider_om_messaging.protocol.model.names import is_uuid, required_text, service_fqn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class MessagingOperator(CheckedParameters, BaseOperator):
    """
    Works on one messaging service.

    :param service: the service's name (its FQN, quoted or not) or its UUID.
    :param om_messaging_conn_id: id of the Airflow connection.
    """

    parameters: ClassVar[Mapping[str, Parameter]] = {
        "service": text(is_needed=True),
        "om_messaging_conn_id": text(is_needed=True),
    }
    template_fields: Sequence[str] = tuple(parameters)
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

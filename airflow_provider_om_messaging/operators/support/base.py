"""What all operators of this package have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_om_messaging.exceptions import public_errors
from airflow_provider_om_messaging.operators.support.lineage_events import TracedOperator
from airflow_provider_om_messaging.operators.support.parameters import Parameter, text
from airflow_provider_om_messaging.protocol.model.names import (
    is_uuid,
    normalize_fqn,
    parse_service_fqn,
    require_text,
)
from airflow_provider_om_messaging.provider_info import DEFAULT_CONN_ID
from airflow_provider_om_messaging.ui.links import (
    ServiceLink,
    TopicLink,
    build_service_url,
    build_topic_url,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from airflow.providers.common.compat.sdk import BaseOperatorLink, Context


class MessagingOperator(TracedOperator):
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
    operator_extra_links: Collection[BaseOperatorLink] = (ServiceLink(),)
    ui_color = "#efe7fb"

    def __init__(
        self,
        *,
        service: str,
        om_messaging_conn_id: str = DEFAULT_CONN_ID,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.service = service
        self.om_messaging_conn_id = om_messaging_conn_id

    def pre_execute(self, context: Context) -> None:
        """Store the link to what the task works on, before anything can go wrong."""
        super().pre_execute(context)
        # An id would have to be looked up, before it is known whether anything is to be sent at all.
        if isinstance(self.service, str) and not is_uuid(self.service):
            self.store_entity_link(context, self.service)

    def store_entity_link(self, context: Context, name: str) -> None:
        """Store the link to the service or topic of a name, in OpenMetadata's web interface."""
        if getattr(self, "entity", "service") == "topic":
            self.store_link(
                context, TopicLink, lambda: build_topic_url(self.hook.server_url, normalize_fqn(name))
            )
        else:
            self.store_link(
                context, ServiceLink, lambda: build_service_url(self.hook.server_url, parse_service_fqn(name))
            )

    @public_errors()
    def require_service(self) -> str:
        """
        Return the service as it was rendered.

        :raises InvalidParameterError: it is empty.
        """
        return require_text("service", self.service)

    def refuse_malformed_service(self) -> None:
        """Check what names the service, before the server is asked anything."""
        service = self.require_service()
        if not is_uuid(service):
            parse_service_fqn(service)

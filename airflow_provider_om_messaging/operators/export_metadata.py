"""Exporting what is said of a messaging service itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_om_messaging.exceptions import public_errors
from airflow_provider_om_messaging.files.path_text import to_text
from airflow_provider_om_messaging.operators.support.base import MessagingOperator
from airflow_provider_om_messaging.operators.support.lineage_events import keep_for_lineage
from airflow_provider_om_messaging.operators.support.missing import ON_MISSING, report_missing_service
from airflow_provider_om_messaging.operators.support.parameters import Parameter, choice, flag, path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_om_messaging.lineage.flow import Flow


class ExportMessagingServiceMetadataOperator(MessagingOperator):
    """
    Exports a messaging service's own metadata as JSON; the CSV has only its topics.

    The file holds ``description``, ``displayName``, ``owners``, ``tags`` and ``domains``, what they refer to
    by name, and nothing of the connection. It is the same byte for byte until one of them changes.
    :class:`RestoreMessagingServiceOperator` brings it back (``source``), and shows with ``dry_run=True`` what
    that would change.

    Returns ``service``, ``destination``, ``bytes`` and ``sha256`` (of the JSON, before compression) and
    ``unchanged`` (the destination held these very bytes already, and was left as it is).

    :param service: the service's name (its FQN, quoted or not) or its UUID.
    :param destination: a local path or an object-storage URL (``s3://conn_id@bucket/key``); ``.gz``
        compresses. A failed export leaves what was there.
    :param create_parents: make the folders that a local destination lies in, if they are not there.
    :param on_missing: what to do if the server does not have the service (any more): ``fail``, or ``skip``
        for one that was in a list a moment ago. Nothing is written then.
    """

    parameters: ClassVar[Mapping[str, Parameter]] = {
        **MessagingOperator.parameters,
        "destination": path(),
        "create_parents": flag(),
        "on_missing": choice(*ON_MISSING),
    }
    template_fields: Sequence[str] = tuple(parameters)

    def __init__(
        self, *, destination: str, create_parents: bool = False, on_missing: str = "fail", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.destination = to_text(destination)
        self.create_parents = create_parents
        self.on_missing = on_missing
        self.note_parameters()

    @public_errors()
    @keep_for_lineage
    def execute(self, context: Context) -> dict[str, Any]:
        """Read the service and write the file."""
        self.check_parameters()
        self.refuse_malformed_service()
        with report_missing_service(self.hook, self.service, self.on_missing):
            result = self.hook.export_metadata(
                self.service, self.destination, create_parents=self.create_parents
            )
        state = "unchanged" if result["unchanged"] else "written"
        self.log.info("%s: %s bytes, %s (%s).", self.service, result["bytes"], self.destination, state)
        return result

    def trace(self, result: dict[str, Any] | None) -> Flow:
        """Return the flow from the service to the file."""
        from airflow_provider_om_messaging.lineage.task_flows import describe_export_flow

        return describe_export_flow(self.trace_entity(result), self.destination, result)

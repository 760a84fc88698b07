"""Tasks that say what they read and wrote: to OpenLineage, and in the events of their outlets."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

from airflow_provider_om_messaging.operators.support.parameters import CheckedParameters
from airflow_provider_om_messaging.operators.support.task_links import LinkedOperator
from airflow_provider_om_messaging.protocol.model.names import is_uuid, normalize_fqn, parse_service_fqn

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_om_messaging.lineage.flow import Flow, LineageDataset

Method = TypeVar("Method", bound="Callable[..., Any]")


class TracedOperator(CheckedParameters, LinkedOperator):
    """An operator that says what it read and wrote, however it has waited and ended."""

    task_result: dict[str, Any] | None = None
    """What the task returns, once that is known: Airflow's methods after execution are not given it."""

    if TYPE_CHECKING:
        service: str

    def trace(self, result: dict[str, Any] | None) -> Flow:
        """
        Return what the task read and wrote.

        :param result: what it returned; None if it failed or was skipped before.
        """
        from airflow_provider_om_messaging.lineage.flow import Flow

        return Flow()

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:
        """Return the lineage of a task that has ended."""
        from airflow_provider_om_messaging.lineage.facets import to_openlineage

        return to_openlineage(self.trace(self.task_result))

    def get_openlineage_facets_on_failure(self, task_instance: Any) -> Any:
        """Return what a failed task was to read, and may have written: an import can be half applied."""
        return self.get_openlineage_facets_on_complete(task_instance)

    def note_result(self, context: Context, result: dict[str, Any]) -> None:
        """Remember what the task returns, and report it to its outlets. A failure of that fails no task."""
        self.task_result = result
        if not self.outlets:
            return
        from airflow_provider_om_messaging.lineage.assets import add_events

        try:
            add_events(context, self.outlets, self.trace(result))
        except Exception as error:
            self.log.warning("The events of the outlets say nothing of this task: %s", type(error).__name__)

    def trace_entity(self, result: dict[str, Any] | None) -> tuple[LineageDataset, ...]:
        """Return the service or topic of the task; nothing if it is not known which it is."""
        from airflow_provider_om_messaging.lineage.dataset_names import SERVICE, name_entity
        from airflow_provider_om_messaging.lineage.flow import LineageDataset

        entity = getattr(self, "entity", SERVICE)
        try:
            name = str((result or {}).get("service") or self.service)
            if is_uuid(name):
                fqn = self.hook.known_fqn(name)
            else:
                fqn = parse_service_fqn(name) if entity == SERVICE else normalize_fqn(name)
            return (LineageDataset(name_entity(self.hook.server_url, fqn, entity)),) if fqn else ()
        except Exception:  # the task has said what is wrong with its parameters or its connection
            return ()


def keep_for_lineage(method: Method) -> Method:
    """Let a method of an operator that returns the task's result leave it for lineage."""

    @wraps(method)
    def run_and_keep(self: TracedOperator, context: Context, *args: Any, **kwargs: Any) -> Any:
        result = method(self, context, *args, **kwargs)
        self.note_result(context, result)
        return result

    return cast("Method", run_and_keep)

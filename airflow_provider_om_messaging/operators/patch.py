"""Patching a messaging service or one of its topics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_om_messaging.exceptions import public_errors
from airflow_provider_om_messaging.operators.support.base import MessagingOperator
from airflow_provider_om_messaging.operators.support.lineage_events import keep_for_lineage
from airflow_provider_om_messaging.operators.support.parameters import (
    Parameter,
    any_value,
    choice,
    flag,
    list_field_names,
    seconds,
)
from airflow_provider_om_messaging.protocol.model.entities import PATCHED
from airflow_provider_om_messaging.ui.links import ServiceLink, TopicLink

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_om_messaging.lineage.flow import Flow


class PatchMessagingServiceOperator(MessagingOperator):
    """
    Patches a messaging service: reads it, sends what differs for that version, and reads the outcome back.

    No server promises to detect that two people write at once. Where one does, ``changes`` are worked out
    anew; ``operations``, and anything with ``expected_version``, end as a ``ConflictError`` that names who
    changed what. Where one does not, the read-back finds what another's write took away: ``changes`` that
    were only written over are sent again, all else ends as a ``ConflictError``. What is written over after
    the last read-back nobody can see.

    Returns ``service``, ``id``, ``changed``, ``version_before``, ``version``, ``fields``, ``journal`` (the
    values before and after, from which :class:`RestoreMessagingServiceOperator` can undo the change),
    ``missing`` and ``notes``. Running it again with the same ``changes`` sends nothing. With ``dry_run`` it
    returns ``operations`` and ``preview`` (field → before and after) as well, and sends nothing.

    Values under ``connection`` are masked in rendered templates, logs and XCom.

    :param service: the service's name (its FQN, quoted or not) or its UUID; for a topic the topic's.
    :param changes: field → value; only these fields change, None takes one away. ``description`` and
        ``displayName`` are texts. ``owners`` (``team:data-platform``, ``user:ada``; several users or one
        team), ``tags`` and ``domains`` are lists of names, which replace the present ones; a name with ``+``
        or ``-`` is added to them or taken away, to and from the present list if all names have a sign. A
        glossary term among the tags is written ``glossaryTerm:Business.Order``. ``connection`` is merged
        member by member (RFC 7396); a masked value in it stands for what is stored.
    :param operations: an RFC 6902 JSON Patch, in place of ``changes``. Where an old server would run it in
        another order, the fields that it changes are sent as a whole.
    :param expected_version: refuse if the service has another version by now.
    :param entity: ``service``, or ``topic`` to patch a topic.
    :param dry_run: only work out what would be sent.
    :param recheck_after: seconds after which to read back a second time; 0 for never. If not given, half a
        second on servers that detect no conflicts. There, of twenty tasks that patched at once, up to a third
        was written over unnoticed after a single read-back, and at most one in a hundred after two.
    """

    parameters: ClassVar[Mapping[str, Parameter]] = {
        **MessagingOperator.parameters,
        "changes": any_value(is_data=True),
        "operations": any_value(is_data=True),
        "expected_version": any_value(),
        "entity": choice(*PATCHED),
        "dry_run": flag(attribute="only_preview"),
        "recheck_after": seconds(may_be_zero=True),
    }
    template_fields: Sequence[str] = list_field_names(parameters)
    operator_extra_links = (ServiceLink(), TopicLink())
    template_fields_renderers: ClassVar[dict[str, str]] = {"changes": "json", "operations": "json"}

    def __init__(
        self,
        *,
        changes: Mapping[str, Any] | str | None = None,
        operations: Sequence[Mapping[str, Any]] | str | None = None,
        expected_version: str | float | None = None,
        entity: str = "service",
        dry_run: bool = False,
        recheck_after: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.changes = changes
        self.operations = operations
        self.expected_version = expected_version
        self.entity = entity
        # BaseOperator has a method of this name.
        self.only_preview = dry_run
        self.recheck_after = recheck_after
        self._rendered: dict[str, Any] = {}
        self.note_parameters()

    @public_errors()
    @keep_for_lineage
    def execute(self, context: Context) -> dict[str, Any]:
        """Patch the service."""
        from airflow_provider_om_messaging.operators.support.patch_log import log_patch_result

        self.check_parameters()
        result = self.hook.patch_service(
            self.require_service(),
            operations=self.get_rendered_value("operations"),
            changes=self.get_rendered_value("changes"),
            expected_version=self.expected_version,
            entity=self.entity,
            dry_run=self.only_preview,
            recheck_after=self.recheck_after,
        )
        log_patch_result(result, self.log)
        return result

    def trace(self, result: dict[str, Any] | None) -> Flow:
        """Return the flow into what was patched."""
        from airflow_provider_om_messaging.lineage.task_flows import describe_edit_flow

        return describe_edit_flow(self.trace_entity(result), result, is_preview=self.only_preview)

    def get_rendered_value(self, name: str) -> Any:
        """Return a parameter as it was rendered, with its secrets."""
        return self._rendered[name] if name in self._rendered else super().get_rendered_value(name)

    def _do_render_template_fields(self, *args: Any, **kwargs: Any) -> None:
        """
        Render, and leave for Airflow to show only what may be seen.

        Airflow stores and shows the template fields as they are after rendering. It comes through here for
        mapped tasks as well, through render_template_fields it does not.
        """
        super()._do_render_template_fields(*args, **kwargs)
        if not self._rendered:
            from airflow_provider_om_messaging.operators.support.template_redaction import (
                redact_changes,
                redact_patch,
            )

            self._rendered = {"changes": self.changes, "operations": self.operations}
            self.changes, self.operations = redact_changes(self.changes), redact_patch(self.operations)

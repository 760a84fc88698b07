"""Reading the history of a messaging service or topic, and going back in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_om_messaging.exceptions import public_errors
from airflow_provider_om_messaging.files.path_text import to_text
from airflow_provider_om_messaging.operators.support.base import MessagingOperator
from airflow_provider_om_messaging.operators.support.lineage_events import keep_for_lineage
from airflow_provider_om_messaging.operators.support.parameters import (
    Parameter,
    any_value,
    choice,
    flag,
    list_field_names,
    path,
    seconds,
    whole_number,
)
from airflow_provider_om_messaging.protocol.model.entities import PATCHED
from airflow_provider_om_messaging.ui.links import ServiceLink, TopicLink

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_om_messaging.lineage.flow import Flow


class MessagingServiceVersionsOperator(MessagingOperator):
    """
    Reads the history of a messaging service, one of its versions, or the difference of two.

    Returns ``service``, ``id`` and ``versions``, newest first, each with ``version``, ``updated_at``,
    ``updated_by``, ``fields`` (names of those that it changed), ``changes`` (``field``, ``before``,
    ``after``, shortened) and ``merged`` (the server put several edits into it and keeps no state between
    them). With ``version`` it returns ``service``, ``id``, ``version`` and ``snapshot``, the service as it
    was then, its connection left out; with ``compare_with`` also ``compare_with`` and ``differences``, field
    → ``before`` and ``after``.

    The whole history of an old service is a huge reply; ``limit`` and ``version`` fetch single versions.

    :param service: the service's name (its FQN, quoted or not) or its UUID; for a topic the topic's.
    :param version: a number such as ``0.2``, ``latest``, ``previous``, or a time (ISO 8601, UTC if it names
        no zone): the version that was current then. None for the history.
    :param compare_with: a version in the same words, which ``version`` (the latest, if not given) is compared
        with.
    :param limit: how many versions of the history; None for all.
    :param entity: ``service``, or ``topic`` for a topic.
    """

    parameters: ClassVar[Mapping[str, Parameter]] = {
        **MessagingOperator.parameters,
        "version": any_value(),
        "compare_with": any_value(),
        "limit": whole_number(1),
        "entity": choice(*PATCHED),
    }
    template_fields: Sequence[str] = tuple(parameters)
    operator_extra_links = (ServiceLink(), TopicLink())

    def __init__(
        self,
        *,
        version: str | float | datetime | None = None,
        compare_with: str | float | datetime | None = None,
        limit: int | None = None,
        entity: str = "service",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.version = version
        self.compare_with = compare_with
        self.limit = limit
        self.entity = entity
        self.note_parameters()

    @public_errors()
    def execute(self, context: Context) -> dict[str, Any]:
        """Read the history, the version or the two versions."""
        from airflow_provider_om_messaging.operators.execution.version_reading import read_versions

        self.check_parameters()
        return read_versions(self)


class RestoreMessagingServiceOperator(MessagingOperator):
    """
    Brings fields of a messaging service back to what a version or an exported file has, or undoes one patch.

    What differs goes as one patch, which makes a new version, and is read back. Running it again sends
    nothing.

    Returns what :class:`PatchMessagingServiceOperator` returns; ``missing`` lists the references that were
    left out because they no longer exist.

    :param service: the service's name (its FQN, quoted or not) or its UUID; for a topic the topic's.
    :param version: the version to go back to: a number such as ``0.2``, or a time (ISO 8601, UTC if it names
        no zone) for the version that was current then.
    :param fields: which fields. If not given: for a version ``description``, ``displayName``, ``owners``,
        ``tags`` and ``domains``; for a journal or file all that it has. The connection comes back only if it
        is named here, only from a version, and only with a token that may see it.
    :param journal: what a patch or restore returned (``patch.output``), or the ``journal`` in it, in place of
        ``version``: undoes that change, also where the server has merged its version away. Refused if
        somebody changed the fields since.
    :param source: a file that :class:`ExportMessagingServiceMetadataOperator` has written for this very
        service (a local path or a URL), in place of ``version``. Names in it mean what has that name by now.
    :param on_missing: what to do about owners, tags and domains that no longer exist: ``fail``, or ``skip``
        to leave them out.
    :param entity: ``service``, or ``topic`` to restore a topic.
    :param dry_run: only work out what would be sent, and return ``operations`` and ``preview``.
    :param recheck_after: seconds after which to read back a second time; 0 for never. If not given, half a
        second on servers that detect no conflicts. There, of twenty tasks that patched at once, up to a third
        was written over unnoticed after a single read-back, and at most one in a hundred after two.
    """

    parameters: ClassVar[Mapping[str, Parameter]] = {
        **MessagingOperator.parameters,
        "version": any_value(),
        "fields": any_value(),
        "journal": any_value(),
        "source": path(),
        "on_missing": choice("fail", "skip"),
        "entity": choice(*PATCHED),
        "dry_run": flag(attribute="only_preview"),
        "recheck_after": seconds(may_be_zero=True),
    }
    template_fields: Sequence[str] = list_field_names(parameters)
    operator_extra_links = (ServiceLink(), TopicLink())
    template_fields_renderers: ClassVar[dict[str, str]] = {"journal": "json"}

    def __init__(
        self,
        *,
        version: str | float | datetime | None = None,
        fields: Sequence[str] | None = None,
        journal: Mapping[str, Any] | str | None = None,
        source: str | None = None,
        on_missing: str = "fail",
        entity: str = "service",
        dry_run: bool = False,
        recheck_after: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.version = version
        self.fields = fields
        self.journal = journal
        self.source = to_text(source)
        self.on_missing = on_missing
        self.entity = entity
        # BaseOperator has a method of this name.
        self.only_preview = dry_run
        self.recheck_after = recheck_after
        self.note_parameters()

    @public_errors()
    @keep_for_lineage
    def execute(self, context: Context) -> dict[str, Any]:
        """Work out what differs, then patch it."""
        from airflow_provider_om_messaging.operators.support.patch_log import log_patch_result

        self.check_parameters()
        result = self.hook.restore_service(
            self.require_service(),
            self.version,
            self.fields,
            journal=self.journal,
            source=self.source,
            on_missing=self.on_missing,
            entity=self.entity,
            dry_run=self.only_preview,
            recheck_after=self.recheck_after,
        )
        log_patch_result(result, self.log)
        return result

    def trace(self, result: dict[str, Any] | None) -> Flow:
        """Return the flow into what was restored."""
        from airflow_provider_om_messaging.lineage.task_flows import describe_edit_flow

        return describe_edit_flow(self.trace_entity(result), result, is_preview=self.only_preview)

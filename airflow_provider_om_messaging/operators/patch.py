"""Patching a messaging service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_om_messaging.exceptions import public_errors
from airflow_provider_om_messaging.operators.base import MessagingOperator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context


class PatchMessagingServiceOperator(MessagingOperator):
    """
    Patches a messaging service: reads it, sends what differs for that version, and reads the outcome back.

    No server promises to detect that two people write at once, so the read-back is what proves the change.

    Returns ``service``, ``id``, ``changed``, ``version_before``, ``version`` and ``fields``. Running it again
    with the same ``changes`` sends nothing.

    :param service: the service's name (its FQN, quoted or not) or its UUID.
    :param changes: field → value for ``description`` and ``displayName``; None takes the field away.
    :param operations: an RFC 6902 JSON Patch, in place of ``changes``.
    :param expected_version: refuse if the service has another version by now.
    """

    template_fields: Sequence[str] = (
        *MessagingOperator.template_fields,
        "changes",
        "operations",
        "expected_version",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"changes": "json", "operations": "json"}

    def __init__(
        self,
        *,
        changes: Mapping[str, Any] | None = None,
        operations: Sequence[Mapping[str, Any]] | None = None,
        expected_version: str | float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.changes = changes
        self.operations = operations
        self.expected_version = expected_version

    @public_errors()
    def execute(self, context: Context) -> dict[str, Any]:
        """Patch the service."""
        result = self.hook.patch_service(
            self.checked_service(),
            operations=self.operations,
            changes=self.changes,
            expected_version=self.expected_version,
        )
        if result["changed"]:
            self.log.info(
                "Changed %s: version %s became %s.",
                ", ".join(result["fields"]),
                result["version_before"],
                result["version"],
            )
        else:
            self.log.info("Nothing to change: version %s is as wanted.", result["version"])
        return result

"""Reading the history of a messaging service, and going back in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.exceptions import InvalidParameterError, public_errors
from airflow_provider_om_messaging.operators.base import MessagingOperator
from airflow_provider_om_messaging.protocol.names import version as checked_version
from airflow_provider_om_messaging.protocol.patches import CHANGEABLE
from airflow_provider_om_messaging.protocol.versions import version_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.providers.common.compat.sdk import Context


class MessagingServiceVersionsOperator(MessagingOperator):
    """
    Reads the versions of a messaging service, or one of them.

    Returns ``service``, ``id`` and ``versions`` (newest first, each with ``version``, ``updated_at``,
    ``updated_by`` and ``fields``, the names of those that it changed). With ``version`` it returns
    ``service``, ``id``, ``version`` and ``snapshot``, the service as it was then, its connection left out.

    :param service: the service's name (its FQN, quoted or not) or its UUID.
    :param version: a number such as ``0.2``; None for the history.
    """

    template_fields: Sequence[str] = (*MessagingOperator.template_fields, "version")

    def __init__(self, *, version: str | float | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.version = version

    @public_errors()
    def execute(self, context: Context) -> dict[str, Any]:
        """Read the history or the version."""
        service = self.checked_service()
        if self.version is not None:
            number = checked_version(self.version)
            entity = self.hook.get_version(service, number)
            # A bot is shown the connection's secrets in clear; XCom is no place for them.
            snapshot = {key: value for key, value in entity.items() if key != "connection"}
            return {**_identity(service, entity), "version": number, "snapshot": snapshot}
        entities = self.hook.list_versions(service)
        versions = [version_of(entity).to_dict() for entity in entities]
        for entry in versions:
            self.log.info(
                "%(version)s  %(updated_at)s  %(updated_by)s  %(fields)s",
                {**entry, "fields": ", ".join(entry["fields"])},
            )
        return {**_identity(service, entities[0] if entities else {}), "versions": versions}


class RestoreMessagingServiceOperator(MessagingOperator):
    """
    Brings fields of a messaging service back to what they were in a version. That makes a new version.

    Returns what the patch operator returns. Running it again sends nothing.

    :param service: the service's name (its FQN, quoted or not) or its UUID.
    :param version: the version to go back to, a number such as ``0.2``.
    :param fields: which fields: ``description``, ``displayName``, or both (the default).
    """

    template_fields: Sequence[str] = (*MessagingOperator.template_fields, "version", "fields")

    def __init__(self, *, version: str | float, fields: Sequence[str] = CHANGEABLE, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.version = version
        self.fields = fields

    @public_errors()
    def execute(self, context: Context) -> dict[str, Any]:
        """Read the version, then patch what differs from it."""
        service, number = self.checked_service(), checked_version(self.version)
        fields = [self.fields] if isinstance(self.fields, str) else list(self.fields)
        if not fields or (unknown := [field for field in fields if field not in CHANGEABLE]):
            wrong = ", ".join(map(repr, unknown)) if fields else "nothing"
            raise InvalidParameterError(
                f"fields names {wrong}: it takes {', '.join(CHANGEABLE)}. Nothing was sent."
            )
        snapshot = self.hook.get_version(service, number)
        result = self.hook.patch_service(service, changes={field: snapshot.get(field) for field in fields})
        done = f"restored {', '.join(result['fields'])}" if result["changed"] else "nothing differed"
        self.log.info("Version %s: %s; the service is at version %s.", number, done, result["version"])
        return result


def _identity(service: str, entity: dict[str, Any]) -> dict[str, Any]:
    return {"service": entity.get("fullyQualifiedName") or service, "id": entity.get("id")}

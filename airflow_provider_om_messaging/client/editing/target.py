"""What an edit or a history is about: resolved once, and handed to all that reads, computes and sends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_om_messaging.client.editing.inheritance import Inheritance
    from airflow_provider_om_messaging.client.transport.sync import Client
    from airflow_provider_om_messaging.protocol.model.entities import EntityType
    from airflow_provider_om_messaging.protocol.model.fields import Entity


@dataclass(frozen=True)
class Target:
    """
    What is to be changed.

    :param client: asks its server.
    :param kind: its kind.
    :param name_or_id: its canonical FQN or its id.
    :param inheritance: marks what it may only inherit.
    :param expected_version: refuse if it has another version by now.
    :param has_id: whether it is known by its id.
    """

    client: Client
    kind: EntityType
    name_or_id: str
    inheritance: Inheritance
    expected_version: str | None = None
    has_id: bool = True

    def replace_name_by_id(self, entity: Entity) -> Target:
        """Return the same by the id that it was read with."""
        return replace(self, name_or_id=str(entity.get("id")), has_id=True)

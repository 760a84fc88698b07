"""How a server reads the cells of a file: it is asked once for names with blanks and for custom fields."""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING

from airflow_provider_om_messaging.client.topics.lookups import find_entity, read_custom_fields
from airflow_provider_om_messaging.protocol.csv.cells import Reading

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_provider_om_messaging.client.transport.sync import Client
    from airflow_provider_om_messaging.protocol.model.references import Name

log = logging.getLogger(__name__)


def build_reading(client: Client, inherited: Iterable[str] = ()) -> Reading:
    """
    Return how a server reads cells.

    :param client: asks the server.
    :param inherited: as for :class:`Reading`.
    """

    @cache
    def exists(name: Name) -> bool:
        if find_entity(client, name) is not None:
            return True
        log.info("There is no %s of the name %r: the blanks around it are left out.", name.kind, name.fqn)
        return False

    return Reading(frozenset(inherited), cache(lambda: read_custom_fields(client)), exists)

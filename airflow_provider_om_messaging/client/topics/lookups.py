"""Looking up what the rows of a CSV refer to: each name once, several at a time."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow_provider_om_messaging.client.editing.references import read_referred, say_what_was_looked_up
from airflow_provider_om_messaging.protocol import routes
from airflow_provider_om_messaging.protocol.csv.columns import LABELS
from airflow_provider_om_messaging.protocol.model.exclusion import list_exclusion_parents
from airflow_provider_om_messaging.protocol.topics.row_changes import CERTIFYING
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

if TYPE_CHECKING:
    from collections.abc import Iterable
    from concurrent.futures import Executor

    from airflow_provider_om_messaging.client.transport.sync import Client
    from airflow_provider_om_messaging.protocol.csv.custom_fields import Types
    from airflow_provider_om_messaging.protocol.model.fields import Entity
    from airflow_provider_om_messaging.protocol.model.references import Name
    from airflow_provider_om_messaging.protocol.topics.row_changes import Row

log = logging.getLogger(__name__)


def look_up(
    client: Client, rows: Iterable[Row], pool: Executor, *, certifying: bool
) -> dict[Name, Entity | None]:
    """
    Return what rows refer to; None for what the server does not know.

    :param pool: carries out the requests.
    :param certifying: whether what certifies is to be known.
    :raises Fault: the server cannot be asked.
    """
    rows = list(rows)
    known = _find_all(client, {name for row in rows for name in row.iterate_names()}, pool)
    if certifying:
        known[CERTIFYING] = _find_certification(client)
    labels = ([(name, tag) for name in row.iterate_names(LABELS) if (tag := known[name])] for row in rows)
    return known | _find_all(
        client, {holder for found in labels for holder in list_exclusion_parents(found)}, pool
    )


def _find_all(client: Client, names: Iterable[Name], pool: Executor) -> dict[Name, Entity | None]:
    distinct = list(names)
    return dict(zip(distinct, pool.map(lambda name: find_entity(client, name), distinct), strict=True))


def _find_certification(client: Client) -> Entity | None:
    try:
        return client.call(routes.get_certification_settings())
    except Fault as fault:
        if fault.transient or fault.cause is Cause.UNAUTHORIZED:
            say_what_was_looked_up(fault, "The classification that certifies")
            raise
        log.info(
            "This token is not told which classification certifies (%s): only the server can tell whether a "
            "tag may certify, when it is to be stored.",
            fault.status or fault.cause.value,
        )
        return None


def read_custom_fields(client: Client) -> Types | None:
    """
    Return the custom fields of topics; None if the server does not say.

    :raises Fault: the server cannot be asked.
    """
    try:
        return client.call(routes.get_custom_fields())
    except Fault as fault:
        if fault.transient or fault.cause is Cause.UNAUTHORIZED:
            say_what_was_looked_up(fault, "The custom fields of topics")
            raise
        log.info(
            "The server does not tell which custom fields topics have (%s): new ones are not checked.",
            fault.status or fault.cause.value,
        )
        return None


def find_entity(client: Client, name: Name) -> Entity | None:
    """
    Return what a name stands for; None if the server does not know it.

    :raises Fault: the server cannot be asked.
    """
    entity = read_referred(client, name)
    # A name of the form of an id is asked for as one.
    return None if entity is None or entity.get("id") in {None, name.canonical} else entity

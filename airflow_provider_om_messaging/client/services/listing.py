"""Listing the messaging services of a server, and counting their topics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.client.capabilities import read_generation
from airflow_provider_om_messaging.client.editing.inheritance import Inheritance
from airflow_provider_om_messaging.client.editing.references import look_up
from airflow_provider_om_messaging.client.topics.pages import iterate_pages
from airflow_provider_om_messaging.protocol.model.entities import SERVICE
from airflow_provider_om_messaging.protocol.model.names import join_fqn
from airflow_provider_om_messaging.protocol.model.shapes import get_required_text
from airflow_provider_om_messaging.protocol.services import pages
from airflow_provider_om_messaging.protocol.topics.pages import count_topics
from airflow_provider_om_messaging.protocol.wire.paging import PageWalk

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from airflow_provider_om_messaging.client.transport.sync import Client
    from airflow_provider_om_messaging.protocol.model.fields import Entity
    from airflow_provider_om_messaging.protocol.model.references import Name
    from airflow_provider_om_messaging.protocol.services.selection import Selection


def list_services(client: Client, selection: Selection) -> list[dict[str, Any]]:
    """
    Return the services that are selected, in the order of their names: name, fqn, type, topics.

    :raises Fault: the server does not know what a condition names; or its list does not get on, or holds
        fewer services than it counts.
    """
    known: dict[Name, dict[str, Any]] = {}
    for condition, name in selection.references.items():
        look_up(client, [name], known, condition)
    # One that is renamed while the list is read may be in it twice.
    services = {service["id"]: service for service in _iterate_services(client, selection.fields)}.values()
    selection.check_type(service["serviceType"] for service in services)
    names = [service["name"] for service in services]
    return [
        {
            "name": service["name"],
            "fqn": join_fqn(service["name"]),
            "type": service["serviceType"],
            "topics": _count_topics(client, service["name"], names),
        }
        for service in sorted(services, key=lambda service: str(service["name"]))
        if selection.is_met(service, known)
    ]


def _iterate_services(client: Client, fields: Collection[str]) -> Iterator[Entity]:
    walk = PageWalk(SERVICE.plural)
    for page in walk.iterate_pages(
        lambda after: client.call(pages.list_services(fields, read_generation(client), after))
    ):
        for service in page.entities:
            for member in ("id", "name", "serviceType"):
                get_required_text(service, member)
            yield service
    walk.check_complete()


def _count_topics(client: Client, name: str, names: Collection[str]) -> int:
    fqn = join_fqn(name)
    # Some servers find services by how their names begin, and count the topics of all of these.
    begin_alike = [other for other in names if other.casefold().startswith(name.casefold())]
    total = client.call(count_topics(fqn)) if len(begin_alike) == 1 else None
    if total is not None:
        return total
    return sum(len(topics) for topics in iterate_pages(client, fqn, ("name",), Inheritance(client)))

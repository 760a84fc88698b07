"""The messaging services of a server, page by page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.model.entities import SERVICE
from airflow_provider_om_messaging.protocol.model.renamed_fields import to_current_names, to_server_names
from airflow_provider_om_messaging.protocol.wire.paging import Page, read_page, request_page

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_provider_om_messaging.protocol.wire.capabilities import Generation
    from airflow_provider_om_messaging.protocol.wire.message import Reply, Request

PAGE = 100
"""Services that are asked for at a time: there are few, and each comes with its connection."""


def list_services(
    fields: Iterable[str], generation: Generation, after: str | None = None
) -> Request[Page[dict[str, Any]]]:
    """
    Ask for a page of the services that are not deleted, in the order of their names.

    :param fields: fields beyond those that are always sent, by today's names.
    :param generation: how this server calls them.
    :param after: the cursor that the page before ended with.
    """
    server_fields = to_server_names(fields, generation)
    query = {"fields": ",".join(server_fields)} if server_fields else {}
    return request_page(SERVICE.path, _parse_page, SERVICE.plural, query, PAGE, after)


def _parse_page(reply: Reply) -> Page[dict[str, Any]]:
    page = read_page(reply, SERVICE.plural)
    return replace(page, entities=[to_current_names(item) for item in page.entities])

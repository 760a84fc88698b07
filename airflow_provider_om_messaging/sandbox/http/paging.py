"""Lists with cursors."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.sandbox.http.errors import bad_request, no_route

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_provider_om_messaging.sandbox.entities.entity_types import Document

DEFAULT_LIMIT = 10
MAX_LIMIT = 1_000_000


def parse_limit(text: str | None) -> int:
    """Return the ``limit`` parameter; what is no number is answered like an unknown route."""
    try:
        limit = int(text) if text is not None else DEFAULT_LIMIT
    except ValueError:
        raise no_route() from None
    if limit < 0:
        raise bad_request("[query param limit must be greater than or equal to 0]")
    if limit > MAX_LIMIT:
        raise bad_request(f"[query param limit must be less than or equal to {MAX_LIMIT}]")
    return limit


def page(
    items: Iterable[Document], limit: int, before: str | None, after: str | None, charset: str = "utf-8"
) -> dict[str, Any]:
    """
    Return one page of entities in the order of their names.

    :param limit: most items; 0 tells only the total.
    :param before: cursor of the page's end, exclusive.
    :param after: cursor of the page's start, exclusive.
    :param charset: in which cursors are read.
    :returns: ``data`` and ``paging``; the cursors at the ends of the list are absent.
    """
    if before is not None and after is not None:
        raise bad_request("Only one of before or after query parameter allowed")
    ordered = sorted(items, key=_key)
    paging: dict[str, Any] = {"total": len(ordered)}
    if not limit:
        return {"data": [], "paging": paging}
    if before is not None:
        edge = _decoded(before, charset)
        end = sum(1 for item in ordered if _key(item) < edge)
        start = max(0, end - limit)
    else:
        start = 0 if not after else _start_after(ordered, _decoded(after, charset))
        end = min(len(ordered), start + limit)
    shown = ordered[start:end]
    if shown and start > 0:
        paging["before"] = _encoded(_key(shown[0]))
    if shown and end < len(ordered):
        paging["after"] = _encoded(_key(shown[-1]))
    return {"data": shown, "paging": paging}


def _start_after(ordered: list[Document], edge: tuple[str, str]) -> int:
    return sum(1 for item in ordered if _key(item) <= edge)


def _key(item: Document) -> tuple[str, str]:
    return str(item["name"]), str(item["id"])


def _encoded(key: tuple[str, str]) -> str:
    text = json.dumps({"name": key[0], "id": key[1]}, ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode()


def _decoded(cursor: str, charset: str) -> tuple[str, str]:
    try:
        text = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True)
        data = json.loads(text.decode(charset, "replace"))
        return str(data["name"]), str(data["id"])
    except (ValueError, KeyError, TypeError):
        raise bad_request("Invalid cursor: neither a before nor an after value of this list") from None

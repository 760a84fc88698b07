"""Lists with cursors."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.sandbox.http.errors import ApiError, bad_request, frame_cause, no_route

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_provider_om_messaging.sandbox.entity_types.registry import Document

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


@dataclass(frozen=True)
class Cursor:
    """
    What lists return as the place where they go on: base64 of an item's name, or of JSON that has it.

    :param has_id: whether it is JSON with the name and the id; without, items of one name are one place.
    :param status: of one that is no such JSON. What is only a name is never wrong: any text is one.
    """

    has_id: bool = True
    status: int = 400

    def get_key(self, item: Document) -> tuple[str, ...]:
        """Return the place of an item."""
        return (str(item["name"]), str(item["id"])) if self.has_id else (str(item["name"]),)

    def encode(self, key: tuple[str, ...]) -> str:
        """Return a place as lists return it."""
        text = json.dumps({"name": key[0], "id": key[1]}, ensure_ascii=False) if self.has_id else key[0]
        return base64.urlsafe_b64encode(text.encode()).decode()

    def decode(self, cursor: str, charset: str) -> tuple[str, ...]:
        """Return the place in a request, or refuse it."""
        bare = cursor.rstrip("=")
        for char in bare:
            if not (char.isascii() and (char.isalnum() or char in "-_")):
                raise bad_request(f"Illegal base64 character {ord(char):x}")
        if len(bare) % 4 == 1:
            raise bad_request("Last unit does not have enough valid bits")
        text = base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4)).decode(charset, "replace")
        if not self.has_id:
            return (text,)
        try:
            data = json.loads(text)
            return str(data["name"]), str(data["id"])
        except (ValueError, KeyError, TypeError):
            if self.status == 500:
                raise ApiError(500, frame_cause("Failed to process JSON ")) from None
            problem = "Invalid cursor: neither a before nor an after value of this list"
            raise bad_request(problem) from None


NAME = Cursor(has_id=False)
NAME_AND_ID_UNCHECKED = Cursor(status=500)
NAME_AND_ID = Cursor()


def build_page(
    items: Iterable[Document],
    limit: int,
    before: str | None,
    after: str | None,
    charset: str = "utf-8",
    cursor: Cursor = NAME_AND_ID,
) -> dict[str, Any]:
    """
    Return one page of entities in the order of their names.

    :param limit: most items; 0 returns only the total.
    :param before: cursor of the page's end, exclusive.
    :param after: cursor of the page's start, exclusive.
    :param charset: in which cursors are read.
    :param cursor: what they are made of.
    :returns: ``data`` and ``paging``; the cursors at the ends of the list are absent.
    """
    if before is not None and after is not None:
        raise bad_request("Only one of before or after query parameter allowed")
    ordered = sorted(items, key=NAME_AND_ID.get_key)
    paging: dict[str, Any] = {"total": len(ordered)}
    if not limit:
        return {"data": [], "paging": paging}
    if before is not None:
        edge = cursor.decode(before, charset)
        end = sum(1 for item in ordered if cursor.get_key(item) < edge)
        start = max(0, end - limit)
    else:
        start = 0
        if after:
            edge = cursor.decode(after, charset)
            start = sum(1 for item in ordered if cursor.get_key(item) <= edge)
        end = min(len(ordered), start + limit)
    page_items = ordered[start:end]
    if page_items and start > 0:
        paging["before"] = cursor.encode(cursor.get_key(page_items[0]))
    if page_items and end < len(ordered):
        paging["after"] = cursor.encode(cursor.get_key(page_items[-1]))
    return {"data": page_items, "paging": paging}

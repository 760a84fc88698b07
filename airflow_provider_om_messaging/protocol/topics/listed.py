"""A topic as a list returns it: what a CSV needs is read at once, the rest where it is asked for.

Topics come with their schemas, and of thousands only a few differ from their rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from airflow_provider_om_messaging.protocol.csv.columns import SCHEMA_FIELDS
from airflow_provider_om_messaging.protocol.csv.field_rows import list_field_rows
from airflow_provider_om_messaging.protocol.csv.topic_cells import TopicCells, add_fields
from airflow_provider_om_messaging.protocol.model.entities import TOPIC
from airflow_provider_om_messaging.protocol.model.names import join_fqn, split_fqn
from airflow_provider_om_messaging.protocol.model.renamed_fields import to_current_names
from airflow_provider_om_messaging.protocol.wire.json_values import LimitError, check_depth, parse_json
from airflow_provider_om_messaging.protocol.wire.message import make_unexpected_reply_fault
from airflow_provider_om_messaging.protocol.wire.paging import make_foreign_list_fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_om_messaging.protocol.model.fields import Entity

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What the fast reader says of JSON that it does not take."""


class _Service(msgspec.Struct, rename="camel", gc=False):
    fully_qualified_name: str | None = None


class _Needed(TopicCells, rename="camel"):
    name: str | None = None
    extension: dict[str, Any] | None = None
    id: str = ""
    fully_qualified_name: str | None = None
    service: _Service | None = None


_Listed = add_fields(_Needed)
_TOPICS = msgspec.json.Decoder(_Listed)


class ListedTopic:
    """
    One topic of a list.

    :param needed: what is needed of it.
    :param text: its JSON; None if it is known as an entity.
    :param entity: all of it, in today's names, if it was read.
    """

    __slots__ = ("_entity", "_needed", "_text")

    def __init__(self, needed: _Needed, text: msgspec.Raw | None, entity: Entity | None = None) -> None:
        self._needed = needed
        self._text = text
        self._entity = entity

    @property
    def name(self) -> str:
        """Its name."""
        return self._needed.name or ""

    @property
    def id(self) -> str:
        """Its id."""
        return self._needed.id

    @property
    def service(self) -> str | None:
        """The FQN of its service; None if the server does not say."""
        service = self._needed.service
        if service is not None and service.fully_qualified_name is not None:
            return service.fully_qualified_name
        # A topic's own name begins with that of its service.
        fqn = self._needed.fully_qualified_name
        return join_fqn(split_fqn(fqn)[0]) if fqn else None

    def build_row(self, columns: Sequence[str]) -> list[str]:
        """Return its row, in the columns of a file."""
        return self._needed.build_row(columns)

    def build_rows(self, columns: Sequence[str]) -> list[list[str]]:
        """
        Return all its rows: its own one, or those of the fields of its schema.

        :raises Fault: as for :meth:`get_entity`.
        """
        if columns != SCHEMA_FIELDS:
            return [self.build_row(columns)]
        return list(list_field_rows(self.get_entity(), columns))

    def get_entity(self) -> Entity:
        """
        Return all that the list has of it, in today's names.

        :raises Fault: a member has a shape that no server gives it.
        """
        if self._entity is None:
            self._entity = _read_entity(_parse(self._text))
        return self._entity


def convert_entity(entity: Entity) -> ListedTopic:
    """
    Return a topic that is known as a whole in the form of a list's entry.

    :param entity: in today's names; its members have their shapes.
    """
    return ListedTopic(msgspec.convert(entity, _Listed), None, entity)


def read_listed(item: Any) -> ListedTopic:
    """
    Read an entry of a list of topics.

    :param item: its JSON, or what a slower reader has made of it.
    :raises Fault: it is no topic, or a member has a shape that no server gives it.
    """
    if isinstance(item, msgspec.Raw):
        try:
            needed = _TOPICS.decode(item)
            if needed.extension:
                check_depth(needed.extension, bytes(item))
        except (*UNREADABLE, LimitError):
            item = _parse(item)
        else:
            if needed.id and needed.name:
                return ListedTopic(needed, item)
            raise make_foreign_list_fault(TOPIC.plural)
    return convert_entity(_read_entity(item))


def _read_entity(item: Any) -> Entity:
    if not isinstance(item, dict) or not item.get("name") or not item.get("id"):
        raise make_foreign_list_fault(TOPIC.plural)
    return to_current_names(item)


def _parse(text: Any) -> Any:
    try:
        return parse_json(bytes(text))
    except LimitError as error:
        raise make_unexpected_reply_fault(str(error)) from None

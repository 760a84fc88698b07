"""Finding before anything is written which changes the token's user may not make."""

from __future__ import annotations

import json
import logging
from functools import partial
from threading import Lock, local
from typing import TYPE_CHECKING

from airflow_provider_om_messaging.protocol import routes
from airflow_provider_om_messaging.protocol.model.entities import TOPIC
from airflow_provider_om_messaging.protocol.model.shapes import get_required_text
from airflow_provider_om_messaging.protocol.topics.deleted import restore_topic
from airflow_provider_om_messaging.protocol.topics.pages import create_topic
from airflow_provider_om_messaging.protocol.topics.row_changes import RowRefusedError
from airflow_provider_om_messaging.protocol.wire.errors import find_fault
from airflow_provider_om_messaging.protocol.wire.faults import Fault
from airflow_provider_om_messaging.protocol.wire.message import Reply

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from airflow_provider_om_messaging.client.transport.sync import Client
    from airflow_provider_om_messaging.protocol.model.fields import Entity
    from airflow_provider_om_messaging.protocol.topics.rights import Rights
    from airflow_provider_om_messaging.protocol.wire.message import Request

_NOBODY = "the token's user"

log = logging.getLogger(__name__)


class TopicRights:
    """
    The rights of a client's user to topics: asked for once, when the first change is looked at.

    What that leaves open is asked for each topic. One more request asks for the user's name, if something is
    refused. A server that does not report rights refuses nothing here.

    :param client: asks the server.
    :param service: the service that holds the topics, with its owners: what they own, topics inherit.
    """

    def __init__(self, client: Client, service: Entity) -> None:
        self._client = client
        self._team_owned = _is_owned_by_team(service)
        self._owners = [str(owner.get("name")) for owner in service.get("owners") or ()]
        self._lock = Lock()
        self._was_read = False
        self._rights: Rights | None = None
        self._user = ""
        self._unsure = 0
        self._tells_of_topics = True
        # All rows about a topic are checked in one thread, one after the other: only the last one is kept.
        self._last = local()

    def check(self, operations: Sequence[str | None], topic: Entity | None) -> None:
        """
        Check that the user may change a topic, or create one.

        :param operations: all that it takes; None for an operation that is not known.
        :param topic: the topic; None to create it.
        :raises RowRefusedError: surely not, in the words that the server would have for it.
        """
        rights = self._read_rights() if operations else None
        if rights is None:
            return
        known = [operation for operation in operations if operation is not None]
        team_owned = self._team_owned or _is_owned_by_team(topic or {})
        refusal = partial(rights.find_refusal, known, team_owned=team_owned, owners=self._owners)
        if topic and refusal(_NOBODY) is None and not rights.are_all_allowed(known):
            told = self._read_rights_to(topic)
            if told is not None:
                # The policies of the teams that own it are part of the answer.
                rights, refusal = told, partial(told.find_refusal, known, team_owned=False)
        reason = None if refusal(_NOBODY) is None else refusal(self._read_user_name())
        if reason is None:
            with self._lock:
                self._unsure += not rights.are_all_allowed(operations)
            return
        raise RowRefusedError(_find_refusal(_make_refused_request(topic), reason))

    def log_unsure(self) -> None:
        """Log for how many rows it remains to be seen."""
        if self._unsure:
            log.info(
                "Whether the token's user may make the changes of %d rows depends on their topics: only the "
                "server can tell, when they are to be stored.",
                self._unsure,
            )

    def _read_rights(self) -> Rights | None:
        with self._lock:
            if not self._was_read:
                self._was_read = True
                try:
                    self._rights = self._client.call(routes.get_permissions())
                except Fault as fault:
                    log.info(
                        "The server does not tell what the token's user may do (%s): rights are not checked.",
                        fault.status or fault.cause.value,
                    )
            return self._rights

    def _read_rights_to(self, topic: Entity) -> Rights | None:
        """Return the rights to one topic, or None if the server does not tell: it is not asked again."""
        if getattr(self._last, "topic", None) != topic.get("id"):
            self._last.topic, self._last.rights = topic.get("id"), None
            if self._tells_of_topics:
                try:
                    request = routes.get_permissions(get_required_text(topic, "id"))
                    self._last.rights = self._client.call(request)
                except Fault as fault:
                    self._tells_of_topics = False
                    log.info(
                        "The server does not tell what the token's user may do to a single topic (%s).",
                        fault.status or fault.cause.value,
                    )
        rights: Rights | None = self._last.rights
        return rights

    def _read_user_name(self) -> str:
        with self._lock:
            if not self._user:
                try:
                    self._user = str(self._client.call(routes.get_logged_in_user()).get("name") or _NOBODY)
                except Fault:
                    self._user = _NOBODY
            return self._user


def _is_owned_by_team(entity: Entity) -> bool:
    owners: Iterable[Any] = entity.get("owners") or ()
    return any(owner.get("type") != "user" for owner in owners)


def _make_refused_request(topic: Entity | None) -> Request[Any]:
    if topic is None:
        return create_topic("", "")
    return restore_topic("", "") if topic.get("deleted") else routes.patch_service("", "", TOPIC)


def _find_refusal(request: Request[Any], text: str) -> str:
    fault = find_fault(request, Reply(403, {}, json.dumps({"code": 403, "message": text}).encode()))
    return fault.message if fault else text

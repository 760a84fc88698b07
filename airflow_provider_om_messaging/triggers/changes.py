"""Scheduling DAGs by changes of a messaging service, with an ``AssetWatcher`` of Airflow 3."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any

from airflow.triggers import base
from airflow.triggers.base import TriggerEvent

from airflow_provider_om_messaging.exceptions import OpenMetadataError, public_errors
from airflow_provider_om_messaging.protocol.events.change import KINDS, ChangeFilter, describe_changes
from airflow_provider_om_messaging.protocol.events.cursor import Cursor
from airflow_provider_om_messaging.protocol.events.watch_parameters import (
    check_interval,
    check_names,
    check_service,
)
from airflow_provider_om_messaging.protocol.model import names
from airflow_provider_om_messaging.protocol.model.renamed_fields import CURRENT_NAMES
from airflow_provider_om_messaging.triggers.change_stream import ChangeStream, get_shared_stream
from airflow_provider_om_messaging.triggers.cursor_store import CursorStore

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Hashable, Sequence

    from airflow_provider_om_messaging.triggers.change_sources import PollResult

    EventTrigger = base.BaseEventTrigger
else:
    EventTrigger = getattr(base, "BaseEventTrigger", base.BaseTrigger)

HAS_WATCHERS = hasattr(base, "BaseEventTrigger")
"""Whether this Airflow can schedule by events."""

STORING = 5.0
"""Seconds that Airflow is given to store an event before the cursor behind it is kept: one or two."""

SELDOM = 3_600_000
"""Milliseconds by which others' changes move on before a cursor is kept that nothing was delivered at."""


class MessagingServiceChangedTrigger(EventTrigger):
    """
    Fires whenever a messaging service or one of its topics has changed; for ``AssetWatcher`` on Airflow 3.

    One event reports all that one poll has found. It is small and holds no values, because Airflow logs and
    stores it in clear: ``service``, ``count`` and ``changes``, of which the first 20 are listed with
    ``entity`` (``service`` or ``topic``), ``name``, ``change``, ``fields``, ``version``, ``user`` and ``at``.
    A DAG finds it in ``triggering_asset_events``, as ``extra["payload"]``.

    All watchers with the same connection and interval share one request a poll on Airflow 3.3. It keeps the
    place of each in the asset's state store, so that each change is delivered once, over restarts too; only a
    triggerer that is killed within seconds after an event may deliver it again. Where Airflow keeps no
    place (3.0 to 3.2, or several assets with the same watcher), a triggerer begins ``lookback`` seconds
    before its start: changes may come again, none is left out unless it was away for longer.

    :param service: name of the service, as for the operators. It may come into being later.
    :param om_messaging_conn_id: id of the Airflow connection, which is resolved in the triggerer.
    :param poll_interval: seconds between two polls; at least 5.
    :param changes: kinds of change that count: ``created``, ``updated``, ``deleted``, ``restored``. None for
        all.
    :param fields: fields of which an update has to touch one, such as ``description`` or ``extension.team``.
        None for any. A server that merges a person's edits within ten minutes reports the fields of all of
        them.
    :param ignore_own_changes: whether changes by the connection's user do not count, so that a DAG which
        writes is not started by itself.
    :param ignored_users: further users whose changes do not count, such as the bot of an ingestion.
    :param lookback: seconds; see above.
    :raises InvalidParameterError: a parameter is wrong.
    :raises OpenMetadataError: this is Airflow 2, which has no watchers.
    """

    def __init__(
        self,
        service: str,
        om_messaging_conn_id: str = "om_messaging_default",
        poll_interval: float = 30.0,
        changes: Sequence[str] | None = None,
        fields: Sequence[str] | None = None,
        ignore_own_changes: bool = True,
        ignored_users: Sequence[str] | None = None,
        lookback: float = 600.0,
    ) -> None:
        super().__init__()
        if not HAS_WATCHERS:
            raise OpenMetadataError(
                "Airflow 2 cannot schedule by events: MessagingServiceChangedTrigger needs 3.0 or later. "
                "Let a DAG run at intervals there and compare the service with its last export, as the "
                "example DAG drift_report does."
            )
        with public_errors():
            self.service = check_service(service)
            self.om_messaging_conn_id = names.require_text("om_messaging_conn_id", om_messaging_conn_id)
            self.poll_interval = check_interval(poll_interval)
            self.changes = check_names("changes", changes, KINDS)
            self.fields = check_names("fields", fields)
            self.ignore_own_changes = names.require_flag("ignore_own_changes", ignore_own_changes)
            self.ignored_users = check_names("ignored_users", ignored_users)
            self.lookback = names.require_seconds("lookback", lookback)

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what a triggerer needs to make this trigger again."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                **self._watched,
                "om_messaging_conn_id": self.om_messaging_conn_id,
                "poll_interval": self.poll_interval,
                "lookback": self.lookback,
            },
        )

    async def run(self) -> AsyncGenerator[TriggerEvent, None]:
        """Watch alone, as Airflow has it before 3.3."""
        # A stream of its own: what others watch would be read once more for each of them.
        stream = ChangeStream(self.om_messaging_conn_id, self.poll_interval)
        polls = stream.iterate_polls()
        async with contextlib.aclosing(polls), contextlib.aclosing(self._watch(stream, polls)) as events:
            async for event in events:
                yield event

    def shared_stream_key(self) -> Hashable | None:
        """Return the key by which Airflow 3.3 knows which watchers share their polls."""
        return ("om_messaging", self.om_messaging_conn_id, self.poll_interval)

    @classmethod
    async def open_shared_stream(cls, kwargs: dict[str, Any]) -> AsyncGenerator[PollResult, None]:
        """
        Look for changes, for all watchers with the same connection and interval.

        :param kwargs: those of one of them.
        """
        polls = get_shared_stream(kwargs["om_messaging_conn_id"], kwargs["poll_interval"]).iterate_polls()
        async with contextlib.aclosing(polls):
            async for result in polls:
                yield result

    async def filter_shared_stream(
        self, shared_stream: AsyncIterator[PollResult]
    ) -> AsyncGenerator[TriggerEvent, None]:
        """
        Make events of what the polls show of this watcher's service.

        :param shared_stream: what they show of all.
        """
        stream = get_shared_stream(self.om_messaging_conn_id, self.poll_interval)
        async with contextlib.aclosing(self._watch(stream, shared_stream)) as events:
            async for event in events:
                yield event

    async def _watch(
        self, stream: ChangeStream, polls: AsyncIterator[PollResult]
    ) -> AsyncGenerator[TriggerEvent, None]:
        change_filter = self._filter()
        store_key = {**self._watched, "connection": self.om_messaging_conn_id}
        store = CursorStore(getattr(self, "asset_state_store", None), store_key)
        cursor = await store.read()
        stored_newest = cursor.newest if cursor else 0
        with stream.watch(self.service, cursor.since if cursor else None) as watcher:
            async for result in polls:
                if cursor is None:
                    cursor = self._begin(result, keeps=store.is_persistent)
                    watcher.since = cursor.since
                    await store.write(cursor)
                    continue
                if not watcher.is_reached_by(result):
                    continue
                own_user = result.own_user if self.ignore_own_changes else None
                changes = result.by_service.get(self.service, ())
                taken = cursor.take(change for change in changes if change_filter.accepts(change, own_user))
                cursor.advance(result.newest, result.server_time)
                if taken:
                    yield TriggerEvent(describe_changes(self.service, taken))
                    # A cursor that is kept before its event is stored would lose that if the triggerer dies.
                    await asyncio.sleep(STORING)
                if taken or cursor.newest - stored_newest >= SELDOM:
                    await store.write(cursor)
                    stored_newest = cursor.newest
                watcher.since = cursor.since

    @property
    def _watched(self) -> dict[str, Any]:
        """What is watched, which distinguishes one watcher from another."""
        return {
            "service": self.service,
            "changes": self.changes,
            "fields": self.fields,
            "ignore_own_changes": self.ignore_own_changes,
            "ignored_users": self.ignored_users,
        }

    def _filter(self) -> ChangeFilter:
        return ChangeFilter(
            self.service,
            frozenset(KINDS if self.changes is None else self.changes),
            frozenset(CURRENT_NAMES.get(name, name) for name in self.fields or ()),
            frozenset(user.casefold() for user in self.ignored_users or ()),
        )

    def _begin(self, result: PollResult, *, keeps: bool) -> Cursor:
        """Return the cursor of a new watcher: at the server's present or, where none is kept, before."""
        now = int(time.time() * 1000) if result.server_time is None else result.server_time
        return Cursor.from_moment(now if keeps else now - int(self.lookback * 1000))

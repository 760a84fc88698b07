"""Where changes are read: the server's events or, if there are none to be had, versions that are compared."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from airflow_provider_om_messaging.protocol.events.change import Change, find_newest_time
from airflow_provider_om_messaging.protocol.events.change_events import Listing, list_events
from airflow_provider_om_messaging.protocol.events.cursor import OVERLAP
from airflow_provider_om_messaging.protocol.events.entity_versions import (
    EntityState,
    find_changes,
    find_removed,
    get_service_state,
    list_topic_states,
)
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.paging import PageWalk
from airflow_provider_om_messaging.protocol.wire.printable import to_printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_provider_om_messaging.client.transport.aio import AsyncClient

NO_EVENTS = frozenset({Cause.FORBIDDEN, Cause.UNSUPPORTED, Cause.NOT_FOUND, Cause.BAD_REQUEST})
"""Answers that say that there are no events for this user on this server."""

MOST_BAD_REPLIES = 3
"""Replies in a row that are no events, after which versions are compared: a list may be too long to read."""

POLLS_WITHOUT_EVENTS = 60
"""Polls by comparing versions before events are tried again."""

POLLS_BETWEEN_CHECKS = 20
"""Polls that show no event at all before versions are compared with that."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PollResult:
    """
    What one poll has found.

    :param since: the moment from which on it shows changes, in milliseconds by the server's clock.
    :param newest: when the newest of them was made, whosoever service it is.
    :param server_time: what the server's clock showed; None if it does not say.
    :param by_service: the changes by canonical FQN of the service.
    :param services: of which services it shows changes; None for all.
    :param own_user: the user that the poll was made as.
    """

    since: int
    newest: int
    server_time: int | None
    by_service: Mapping[str, list[Change]]
    services: frozenset[str] | None = None
    own_user: str = ""

    def replace_user(self, user: str) -> PollResult:
        """Return the same result with the user that it was made as."""
        return replace(self, own_user=user)


class ChangeSource:
    """Polls one server for changes, and finds out how that can be done."""

    def __init__(self) -> None:
        self._has_seen_events = False
        self._bad_replies = 0
        self._without_events = 0
        self._polls_since_check = 0
        self._states: dict[str, dict[str, EntityState]] = {}
        self._warned: set[str] = set()

    async def poll(self, client: AsyncClient, since: int, services: Iterable[str]) -> PollResult:
        """
        Return what was changed since a moment.

        :param since: milliseconds since 1970, by the server's clock.
        :param services: canonical FQNs of the services that are watched.
        :raises Fault: nothing can be seen this time.
        """
        if self._without_events > 0:
            self._without_events -= 1
            return await self._compare_versions(client, since, services)
        try:
            listing = await client.call(list_events(since))
        except Fault as fault:
            self._bad_replies += fault.cause is Cause.UNEXPECTED_REPLY
            if fault.cause not in NO_EVENTS and self._bad_replies < MOST_BAD_REPLIES:
                raise
            return await self._do_without_events(client, since, services, fault.message)
        self._bad_replies = 0
        if listing.unreadable:
            self._warn_once("The server tells events that cannot be read: those are left out.")
        if listing.changes:
            self._has_seen_events = True
            self._states.clear()
        elif not self._has_seen_events and listing.server_time is not None:
            self._polls_since_check += 1
            if self._polls_since_check >= POLLS_BETWEEN_CHECKS:
                return await self._check_versions(client, since, services, listing)
        return _build_poll_result(since, listing.changes, listing.server_time)

    async def _check_versions(
        self, client: AsyncClient, since: int, services: Iterable[str], listing: Listing
    ) -> PollResult:
        """Compare versions although the server answers, because it has not reported any event yet."""
        before = self._states
        result = await self._compare_versions(client, since, services)
        long_ago = (listing.server_time or 0) - OVERLAP
        if any(change.at < long_ago for changes in result.by_service.values() for change in changes):
            self._without_events = POLLS_WITHOUT_EVENTS
            self._warn_once("Versions are compared, because the server tells no events though those move on.")
            return result
        if result.newest:
            # The event may just be late: the next poll decides, and has to see the same again.
            self._states = before
        else:
            self._polls_since_check = 0
        return _build_poll_result(since, listing.changes, listing.server_time)

    async def _do_without_events(
        self, client: AsyncClient, since: int, services: Iterable[str], why: str
    ) -> PollResult:
        result = await self._compare_versions(client, since, services)
        self._without_events, self._bad_replies = POLLS_WITHOUT_EVENTS, MOST_BAD_REPLIES - 1
        self._warn_once("Versions are compared, because events cannot be had: %s", why)
        return result

    async def _compare_versions(self, client: AsyncClient, since: int, services: Iterable[str]) -> PollResult:
        changes: list[Change] = []
        removed: list[Change] = []
        states_by_service: dict[str, dict[str, EntityState]] = {}
        clock: int | None = None
        for service in sorted(services):
            try:
                states, server_time = await _read_states(client, service)
            except Fault as fault:
                if fault.cause not in {Cause.FORBIDDEN, Cause.NOT_FOUND}:
                    raise
                name = to_printable(service)
                self._warn_once("%s is not watched while it cannot be read: %s", name, fault.message)
                if fault.cause is Cause.FORBIDDEN:
                    continue
                states, server_time = {}, None
            # What is changed while the lists are read must not lie before the place of whoever begins.
            clock = server_time if clock is None else clock
            changes += find_changes(states, since)
            removed += find_removed(self._states.get(service, {}), states, max(server_time or 0, since))
            states_by_service[service] = states
        # Only now: a list that fails on the way must not make what was removed be forgotten.
        self._states = states_by_service
        result = _build_poll_result(since, changes + removed, clock)
        return replace(result, newest=find_newest_time(changes), services=frozenset(states_by_service))

    def _warn_once(self, text: str, *values: object) -> None:
        if (line := text % values) not in self._warned and len(self._warned) < 1000:
            self._warned.add(line)
            log.warning("%s", line)


def _build_poll_result(since: int, changes: list[Change], server_time: int | None) -> PollResult:
    by_service: dict[str, list[Change]] = {}
    for change in changes:
        by_service.setdefault(change.service, []).append(change)
    return PollResult(since, find_newest_time(changes), server_time, by_service)


async def _read_states(client: AsyncClient, service: str) -> tuple[dict[str, EntityState], int | None]:
    """Return a service and its topics by their ids, and what the server's clock showed before."""
    page = await client.call(get_service_state(service))
    states = {state.entity_id: state for state in page.states}
    server_time, after, walk = page.server_time, None, PageWalk("topics")
    while True:
        page = await client.call(list_topic_states(service, after))
        walk.step(page.listed, page.after, page.total)
        states |= {state.entity_id: state for state in page.states}
        if page.after is None:
            walk.check_complete()
            return states, server_time
        after = page.after

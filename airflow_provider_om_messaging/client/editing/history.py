"""Reading the history of an entity in as few and small requests as possible."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

from airflow_provider_om_messaging.protocol import routes
from airflow_provider_om_messaging.protocol.model.versions import format_time, read_version
from airflow_provider_om_messaging.protocol.patch.history import LATEST, VersionSelector, describe_merge
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.printable import end_sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_om_messaging.client.editing.target import Target
    from airflow_provider_om_messaging.protocol.model.fields import Entity

MOST_STEPS = 30
"""How many single versions are fetched on the way back before the whole history is."""


class History:
    """
    The history of one entity.

    :param target: the entity.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._client = target.client
        self._kind = target.kind
        self._now: Entity | None = None

    def list_versions(self, limit: int | None = None) -> list[Entity]:
        """
        Return the states of the entity, newest first.

        :param limit: how many; None for all, which is one huge reply for an old entity.
        """
        if limit is None or limit > MOST_STEPS:
            states = self._client.call(routes.list_versions(self.resolve().name_or_id, self._kind))[:limit]
            return [self._target.inheritance.mark_inherited(state, self._kind) for state in states]
        return [entity for _, entity in zip(range(limit), self._walk_back(), strict=False)]

    def find_state(self, selector: VersionSelector) -> tuple[Entity, list[str]]:
        """
        Return the entity as it was in a version, and what there is to say about the choice.

        :raises Fault: there is no such version.
        """
        if selector.number is not None:
            return self._read_version(selector.number), []
        if selector.moment is not None:
            return self._find_state_at(selector.moment)
        now = read_version(self._current)
        if selector.word == LATEST:
            return self._read_version(now.version), []
        if now.previous is None:
            raise Fault(Cause.NOT_FOUND, f"There is no previous version: {now.version} is the first one.")
        return self._read_version(now.previous), []

    def resolve(self) -> Target:
        """Return the entity by its id; version routes exist by id only."""
        if not self._target.has_id:
            self._target = self._target.replace_name_by_id(self._current)
        return self._target

    def walk_back_to(self, number: str) -> Iterator[Entity]:
        """
        Walk back to a version, which itself is left out.

        :param number: of that version; whether there is one does not matter.
        """
        return takewhile(lambda state: float(read_version(state).version) > float(number), self._walk_back())

    def _find_state_at(self, moment: int) -> tuple[Entity, list[str]]:
        newer = None
        for entity in self._walk_back():
            version = read_version(entity)
            if version.updated_at is not None and version.updated_at <= moment:
                return entity, [describe_merge(newer)] if newer and newer.merged else []
            newer = version
        first = (
            f"the oldest version is of {format_time(newer.updated_at)}" if newer else "there are no versions"
        )
        raise Fault(Cause.NOT_FOUND, f"There was no version at {format_time(moment)}: {first}.")

    def _walk_back(self) -> Iterator[Entity]:
        """Walk back by single versions; fetch the whole history only if the way is long."""
        number: str | None = read_version(self._current).version
        for _ in range(MOST_STEPS):
            if number is None:
                return
            entity = self._read_version(number)
            yield entity
            number = read_version(entity).previous
        if number is not None:
            yield from self.list_versions()[MOST_STEPS:]

    def _read_version(self, number: str) -> Entity:
        try:
            state = self._client.call(routes.get_version(self.resolve().name_or_id, number, self._kind))
        except Fault as fault:
            if fault.cause is Cause.NOT_FOUND and "version" in fault.message:
                fault.message = (
                    f"{end_sentence(fault.message)} Servers merge edits that one user makes within ten "
                    "minutes into one version; what was between is gone from the history, but may be in the "
                    "journal of the task that made it."
                )
            raise
        return self._target.inheritance.mark_inherited(state, self._kind)

    @property
    def _current(self) -> Entity:
        if self._now is None:
            self._now = self._client.call(routes.read_entity(self._kind, self._target.name_or_id)).entity
        return self._now

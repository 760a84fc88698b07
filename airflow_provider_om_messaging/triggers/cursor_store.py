"""The store of a watcher's cursor, its place among the changes, which outlives the triggerer."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.events.cursor import Cursor
from airflow_provider_om_messaging.protocol.events.pauses import find_pause

if TYPE_CHECKING:
    from collections.abc import Mapping

FIRST_PAUSE = 2.0
"""Seconds before a cursor that could not be read is tried to be read again; doubled for each further try."""

log = logging.getLogger(__name__)


class CursorStore:
    """
    Keeps a watcher's cursor in the state store of its asset, which Airflow has from 3.3 on.

    :param store: the trigger's ``asset_state_store``; None on older lines.
    :param watched: what distinguishes this watcher from others of the same asset.
    """

    def __init__(self, store: Any, watched: Mapping[str, Any]) -> None:
        self._store = store
        text = json.dumps(watched, sort_keys=True)
        self._key = f"om_messaging_changes_{hashlib.sha256(text.encode()).hexdigest()[:16]}"
        self._is_failing = False

    @property
    def is_persistent(self) -> bool:
        """Whether cursors are kept at all."""
        return self._store is not None

    async def read(self) -> Cursor | None:
        """Return the cursor that was kept; None if there is none. Waits while Airflow does not answer."""
        tried = 0
        while self.is_persistent:
            try:
                stored = await self._store.aget(self._key)
            except ValueError as error:
                # Airflow finds the one asset of a trigger, and raises this if several share it (#71387).
                log.warning(
                    "Several assets share one watcher, so Airflow keeps no place for it, and changes may be "
                    "delivered again after a restart. Let the DAGs be scheduled by one asset. %s",
                    error,
                )
                self._store = None
            except Exception as error:
                tried += 1
                self._note_failure("read", error)
                await asyncio.sleep(find_pause(FIRST_PAUSE, tried, None, 1.0))
            else:
                cursor = Cursor.from_json(stored)
                if stored is not None and cursor is None:
                    log.warning("The place that was kept among the changes is none, and is left.")
                return cursor
        return None

    async def write(self, cursor: Cursor) -> None:
        """Keep a cursor. If Airflow does not, the next one is kept: changes may then be delivered again."""
        if not self.is_persistent:
            return
        try:
            await self._store.aset(self._key, cursor.to_json())
        except Exception as error:
            self._note_failure("kept", error)
        else:
            self._is_failing = False

    def _note_failure(self, what: str, error: Exception) -> None:
        if not self._is_failing:
            log.warning("The place among the changes cannot be %s: %s", what, type(error).__name__)
        self._is_failing = True

"""Everything the stand-in is and knows, apart from HTTP."""

from __future__ import annotations

import logging
import time
from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.sandbox.access.tokens import Tokens
from airflow_provider_om_messaging.sandbox.clock import Clock
from airflow_provider_om_messaging.sandbox.entities.catalog import Catalog
from airflow_provider_om_messaging.sandbox.entity_types.registry import SERVICE, TOPIC, USER, Document
from airflow_provider_om_messaging.sandbox.faults import Faults
from airflow_provider_om_messaging.sandbox.http.errors import not_found, unauthorized
from airflow_provider_om_messaging.sandbox.jobs.queue import Jobs
from airflow_provider_om_messaging.sandbox.seed import sample_data

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox.generations import Generation
    from airflow_provider_om_messaging.sandbox.persistence import StateStore
    from airflow_provider_om_messaging.sandbox.seed.bulk_data import BulkData
    from airflow_provider_om_messaging.sandbox.switches import Switches

log = logging.getLogger(__name__)

#: Pause between two writings of the state, in lengths of the last one.
SAVE_PAUSE = 10

ADMIN, BOT, READER, PERSON = "admin", "ingestion-bot", "reader", "jo"


class SandboxState:
    """
    One server's state.

    :param switches: what kind of server to be.
    :param store: where the state outlives this process; nothing is kept without.
    :param generation: the generation to be.
    :param edition: the edition to be; what it means is in the switches.
    :param bulk_data: how much to have beyond the sample data.
    """

    def __init__(
        self,
        switches: Switches,
        store: StateStore | None = None,
        *,
        generation: Generation,
        edition: str,
        bulk_data: BulkData,
    ) -> None:
        self.switches = switches
        self.generation = generation
        self.edition = edition
        self.faults = Faults()
        self.journal: list[dict[str, Any]] = []
        self._store = store
        self._save_at = 0.0
        stored = store.read() if store else None
        if stored is None or store is None:
            self._start_empty(bulk_data)
        else:
            if stored.get("generation", generation.name) != generation.name:
                raise store.make_other_generation_error(stored["generation"], generation.name)
            try:
                self._restore(stored)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise store.make_damaged_error(error) from error
        self._saved_changes = -1 if stored is None else self._count_changes()

    def _start_empty(self, bulk_data: BulkData) -> None:
        self.clock = Clock(runs=self._is_clock_running)
        self.tokens = Tokens(self.clock, self.generation)
        self.catalog = Catalog(self.clock, self.generation)
        sample_data.fill(self.catalog, self.clock, self.generation, bulk_data)
        self.jobs = Jobs(self.catalog, self.clock, self.switches, self.generation)
        self.bot_token = self.create_token(BOT, None)
        if self._store is not None:
            # Before the server's thread keeps them: two threads would sign two of one.
            self._sign_tokens()

    def _restore(self, stored: dict[str, Any]) -> None:
        self.clock = Clock(stored["clock_offset"], self._is_clock_running)
        self.tokens = Tokens(self.clock, self.generation, stored["signing_key"])
        self.catalog = Catalog(self.clock, self.generation)
        self.catalog.load(stored["catalog"])
        self.jobs = Jobs(self.catalog, self.clock, self.switches, self.generation)
        self.jobs.load(stored["jobs"])
        self.bot_token = stored["bot_token"]
        self.admin_token = stored["admin_token"]
        self.read_only_token = stored["read_only_token"]
        self.person_token = stored["person_token"]

    @property
    def honours_if_match(self) -> bool:
        """Whether PATCH looks at ``If-Match`` and replies carry an ``ETag``."""
        return self.switches.if_match

    # -- tokens: signing takes longer than most requests, hence only of those that are used

    @cached_property
    def admin_token(self) -> str:
        """Token of the administrator."""
        return self.create_token(ADMIN, None)

    @cached_property
    def read_only_token(self) -> str:
        """Token of a user who may only read."""
        return self.create_token(READER, None)

    @cached_property
    def person_token(self) -> str:
        """Token of an ordinary user."""
        return self.create_token(PERSON, None)

    def _sign_tokens(self) -> dict[str, str]:
        return {
            "bot_token": self.bot_token,
            "admin_token": self.admin_token,
            "read_only_token": self.read_only_token,
            "person_token": self.person_token,
        }

    def create_token(
        self, user: str, expires_in: float | None, *, signed_by: str = "own", kid: str | None = None
    ) -> str:
        """
        Return a new token for a user.

        A second token for the bot is answered as superseded: a bot has one token at a time.
        """
        return self.tokens.mint(self.get_user(user), expires_in, signed_by=signed_by, kid=kid)

    def get_user(self, name: str) -> Document:
        """Return a user; one that there is not is a ``ValueError``."""
        found = self.catalog.find(USER.name, name)
        if found is None:
            raise ValueError(f"the sandbox has no user {name!r}")
        return found

    def supersede_bot_token(self) -> str:
        """Give the bot a new token; the old one is refused from now on."""
        self.bot_token = self.create_token(BOT, None)
        self._saved_changes = -1
        return self.bot_token

    def authenticate(self, authorization: str | None) -> Document:
        """Return the user a request speaks for, or raise the 401."""
        name, token = self.tokens.authenticate(authorization)
        user = self.catalog.find(USER.name, name)
        if user is None:
            raise not_found(USER.name, name)
        if user.get("isBot") and token != self.bot_token:
            raise unauthorized("Not Authorized! The given token does not match the current bot's token!")
        return user

    # -- time

    def tick(self) -> None:
        """Let jobs go on, and keep the state if it changed."""
        self.jobs.tick()
        due = time.monotonic() >= self._save_at
        if self._store and due and self._saved_changes != self._count_changes():
            self.save()

    def _is_clock_running(self) -> bool:
        return self.switches.running_clock

    def advance_clock(self, seconds: float) -> None:
        """Put the clock forward by a number of seconds."""
        self.clock.advance(seconds)
        self._saved_changes = -1
        self.tick()

    # -- persistence

    def save(self) -> None:
        """Write the state, if there is a place for it."""
        if self._store is None:
            return
        state = {
            "generation": self.generation.name,
            "clock_offset": self.clock.offset,
            "signing_key": self.tokens.format_private_key(),
            **self._sign_tokens(),
            "catalog": self.catalog.dump(),
            "jobs": self.jobs.dump(),
        }
        self._saved_changes = self._count_changes()
        begun = time.monotonic()
        try:
            self._store.write(state)
        except OSError as error:
            # The server goes on: a full disk is no reason to break the tests that talk to it.
            log.error("cannot keep the data in %s: %s", self._store.path, error.strerror)
        # The more there is to write, the more seldom: requests wait while the file is written.
        ended = time.monotonic()
        self._save_at = ended + SAVE_PAUSE * (ended - begun)

    def _count_changes(self) -> int:
        return self.catalog.changes + self.jobs.changes

    def count_topics(self) -> dict[str, int]:
        """Return the services by FQN with their numbers of topics."""
        services = sorted(self.catalog.iterate_entities(SERVICE.name), key=lambda item: str(item["name"]))
        counts = Counter(topic["service"]["id"] for topic in self.catalog.iterate_entities(TOPIC.name))
        return {item["fullyQualifiedName"]: counts[item["id"]] for item in services}

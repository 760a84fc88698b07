"""Everything the stand-in is and knows, apart from HTTP."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from airflow_provider_om_messaging.sandbox import seed
from airflow_provider_om_messaging.sandbox.catalog import Catalog
from airflow_provider_om_messaging.sandbox.clock import Clock
from airflow_provider_om_messaging.sandbox.era import ERA_2_0, Era
from airflow_provider_om_messaging.sandbox.errors import not_found, unauthorized
from airflow_provider_om_messaging.sandbox.faults import Faults
from airflow_provider_om_messaging.sandbox.jobs import Jobs
from airflow_provider_om_messaging.sandbox.kinds import SERVICE, USER, Document
from airflow_provider_om_messaging.sandbox.tokens import Tokens

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox.switches import Switches

ADMIN, BOT, READER = "admin", "ingestion-bot", "reader"
_FORMAT = 1


class DataError(Exception):
    """The kept data cannot be used; the text says why and what to do."""


class World:
    """
    One server's state.

    :param switches: what kind of server to be.
    :param data: a directory or a ``.json`` file to keep the state in; nothing is kept without.
    :param era: the generation to be.
    """

    def __init__(self, switches: Switches, data: str | Path | None = None, era: Era = ERA_2_0) -> None:
        self.switches = switches
        self.era = era
        self.faults = Faults()
        self.journal: list[dict[str, Any]] = []
        self._path = _state_path(Path(data)) if data is not None else None
        self._lock = _locked(self._path) if self._path else None
        kept = self._read()
        self.clock = Clock(kept["clock_offset"] if kept else 0.0)
        self.tokens = Tokens(self.clock, kept["signing_key"] if kept else None)
        self.catalog = Catalog(self.clock)
        if kept:
            self.catalog.load(kept["catalog"])
        else:
            seed.fill(self.catalog, self.clock)
        self.jobs = Jobs(self.catalog, self.clock, switches, era)
        if kept:
            self.jobs.load(kept["jobs"])
        self._kept_changes = -1 if kept is None else self._changes()
        self.bot_token = kept["bot_token"] if kept else self.token(BOT, None)
        self.admin_token = kept["admin_token"] if kept else self.token(ADMIN, None)
        self.read_only_token = kept["read_only_token"] if kept else self.token(READER, None)
        self.started = self.clock.millis()

    # -- tokens

    def token(
        self, user: str, expires_in: float | None, *, signed_by: str = "own", kid: str | None = None
    ) -> str:
        """
        Return a new token for a user.

        A second token for the bot is answered as superseded: a bot has one token at a time.
        """
        found = self.catalog.find(USER.name, user)
        if found is None:
            raise ValueError(f"the sandbox has no user {user!r}")
        return self.tokens.mint(found, expires_in, signed_by=signed_by, kid=kid)

    def supersede_bot_token(self) -> str:
        """Give the bot a new token; the old one is refused from now on."""
        self.bot_token = self.token(BOT, None)
        self._kept_changes = -1
        return self.bot_token

    def caller(self, authorization: str | None) -> Document:
        """Return the user a request speaks for, or raise the 401."""
        name, token = self.tokens.subject(authorization)
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
        if self._path and self._kept_changes != self._changes():
            self.keep()

    def advance_clock(self, seconds: float) -> None:
        """Put the clock forward by so many seconds."""
        self.clock.advance(seconds)
        self._kept_changes = -1
        self.tick()

    # -- keeping

    def keep(self) -> None:
        """Write the state, if there is a place for it; a crash leaves the old or the new one whole."""
        if not self._path:
            return
        state = {
            "format": _FORMAT,
            "clock_offset": self.clock.offset,
            "signing_key": self.tokens.pem(),
            "bot_token": self.bot_token,
            "admin_token": self.admin_token,
            "read_only_token": self.read_only_token,
            "catalog": self.catalog.dump(),
            "jobs": self.jobs.dump(),
        }
        write_whole(self._path, json.dumps(state))
        self._kept_changes = self._changes()

    def close(self) -> None:
        """Keep the state for the last time and let others use it."""
        try:
            self.keep()
        finally:
            if self._lock:
                self._lock.close()

    def summary(self) -> dict[str, int]:
        """Return the services by FQN with their numbers of topics."""
        services = sorted(self.catalog.all(SERVICE.name), key=lambda item: str(item["name"]))
        return {item["fullyQualifiedName"]: len(self.catalog.topics_of(item)) for item in services}

    def _changes(self) -> int:
        return self.catalog.changes + self.jobs.changes

    def _read(self) -> dict[str, Any] | None:
        if self._path is None or not self._path.exists():
            return None
        try:
            state: dict[str, Any] = json.loads(self._path.read_bytes())
            if state["format"] != _FORMAT:
                raise DataError(f"{self._path} was written by another version; move it away to start anew")
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{self._path} is damaged ({error}); move it away to start anew") from None
        return state


def write_whole(path: Path, text: str) -> None:
    """Write a file that others see either as it was or complete, readable by its owner only."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)


def _state_path(data: Path) -> Path:
    is_file = data.is_file() or (data.suffix == ".json" and not data.is_dir())
    try:
        (data.parent if is_file else data).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"cannot keep data in {data}: {error.strerror}") from None
    return data if is_file else data / "sandbox.json"


def _locked(path: Path) -> IO[str]:
    try:
        lock = path.with_name(path.name + ".lock").open("w")
    except OSError as error:
        raise DataError(f"cannot keep data in {path}: {error.strerror}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise DataError(f"{path} is in use by another sandbox") from None
    return lock

"""What an Airflow on several machines stands on: PostgreSQL and Redis, as processes of our own on free ports.

Both come from the system's packages. Nothing of the system's own servers is touched, if it runs any.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import time
from pathlib import Path

from tools.processes import Programs, find_free_port
from tools.relay import Relay

_DEBIAN = Path("/usr/lib/postgresql")
_USER = "airflow"
_DATABASE = "postgres"


class BackendMissing(RuntimeError):
    """A server's program is not installed, or does not start; the message says what to do."""


class Backends:
    """
    Both servers while the context lasts.

    :param folder: where all their files go; has to be a new one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.programs = Programs(self.folder)
        self._password = secrets.token_hex(12)
        self._postgresql, self._redis = find_free_port(), find_free_port()
        self.relay = Relay(self._postgresql)

    @property
    def database_url(self) -> str:
        """SQLAlchemy's URL of the database, by way of :attr:`relay`."""
        return f"postgresql+psycopg2://{_USER}:{self._password}@127.0.0.1:{self.relay.port}/{_DATABASE}"

    @property
    def broker_url(self) -> str:
        """Celery's URL of Redis."""
        return f"redis://:{self._password}@127.0.0.1:{self._redis}/0"

    def __enter__(self) -> Backends:
        try:
            self.folder.mkdir(parents=True, mode=0o755)
            self._start_redis()
            self._start_postgresql()
            self.relay.__enter__()
        except BaseException:
            self.programs.stop()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self.relay.__exit__(*exception)
        if left := self.programs.stop():
            raise RuntimeError(f"PostgreSQL or Redis cannot be stopped: {left}")

    def _start_redis(self) -> None:
        configuration = self.folder / "redis.conf"
        configuration.write_text(
            f'bind 127.0.0.1\nport {self._redis}\nrequirepass {self._password}\nsave ""\n'
        )
        configuration.chmod(0o600)
        self.programs.start("redis", [find_program("redis-server"), configuration], os.environ)
        self._wait_for("redis", self._redis)

    def _start_postgresql(self) -> None:
        data, password = self.folder / "postgresql", self.folder / "password.txt"
        data.mkdir(mode=0o700)
        password.write_text(self._password)
        as_user = _as_postgres() if os.geteuid() == 0 else []
        if as_user:
            shutil.chown(data, "postgres", "postgres")
        arguments = [f"--pgdata={data}", f"--username={_USER}", f"--pwfile={password}", "--no-sync"]
        made = subprocess.run(
            [*as_user, find_program("initdb"), *arguments, "--auth=scram-sha-256", "--encoding=UTF8"],
            capture_output=True,
            text=True,
            check=False,
        )
        password.unlink()
        if made.returncode:
            raise BackendMissing(f"initdb failed:\n{made.stdout}{made.stderr}")
        # Its files are thrown away after the run, so that nothing is lost by not waiting for the disk.
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self._postgresql,
            "unix_socket_directories": "",
            "max_connections": 200,
            "fsync": "off",
            "synchronous_commit": "off",
        }
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        command = [*as_user, find_program("postgres"), "-D", data, *options]
        self.programs.start("postgresql", command, os.environ)
        self._wait_for("postgresql", self._postgresql)

    def _wait_for(self, name: str, port: int, timeout: float = 60) -> None:
        deadline = time.monotonic() + timeout
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                if self.programs.list_ended() or time.monotonic() > deadline:
                    log = self.programs.get_log_path(name)
                    raise BackendMissing(f"{name} does not start:\n{log.read_text()}") from None
                time.sleep(0.1)
            else:
                return


def find_program(name: str) -> Path:
    """
    Return a server's program, from PATH or from where Debian keeps it.

    :raises BackendMissing: it is not installed.
    """
    if found := shutil.which(name):
        return Path(found)
    releases = sorted(_DEBIAN.glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]))
    if releases:
        return releases[-1]
    raise BackendMissing(
        f"{name} is not installed. Debian, Ubuntu: apt install postgresql redis-server    "
        "Fedora: dnf install postgresql-server redis"
    )


def _as_postgres() -> list[str | Path]:
    """PostgreSQL refuses to run as root. Its own user has to be let into root's folders."""
    caps = "-all,+dac_override"
    user = ["--reuid=postgres", "--regid=postgres", "--clear-groups"]
    return ["setpriv", *user, f"--inh-caps={caps}", f"--ambient-caps={caps}"]

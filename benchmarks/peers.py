"""What benchmarks compare with, beyond the project's own environments: ``make bench-peers`` installs it.

Each peer has an environment of its own in ``.venvs/``; an environment variable can name another Python.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Peer:
    """
    Something to compare with.

    :param title: what it is, for the output.
    :param variable: the environment variable that may name a Python that has it.
    :param packages: what to install.
    :param options: more words for ``uv pip install``.
    :param overrides: what a package says of its needs is replaced by these.
    """

    title: str
    variable: str
    packages: tuple[str, ...]
    options: tuple[str, ...] = ()
    overrides: str = ""

    @property
    def folder(self) -> Path:
        """Where its environment is made."""
        return ROOT / ".venvs" / self.variable.lower().removesuffix("_python").replace("_", "-")

    @property
    def python(self) -> str | None:
        """A Python that has it, or None."""
        own = self.folder / "bin" / "python"
        return os.environ.get(self.variable) or (str(own) if (self.folder / ".ready").exists() else None)

    @property
    def missing(self) -> str:
        """What to say where there is none."""
        return (
            f"NOT measured beside {self.title}: 'make bench-peers' installs {' '.join(self.packages)}, or "
            f"{self.variable} names a Python that has it."
        )


SDK = Peer(
    "the SDK of openmetadata-ingestion",
    "BENCH_SDK_PYTHON",
    ("openmetadata-ingestion==2.0.7.0",),
    # It is for dbt alone, and fetches a program while it is built.
    overrides="dbt-core-experimental-parser ; sys_platform == 'never'\n",
)
PROVIDERS = Peer(
    "other providers of Airflow",
    "BENCH_PEERS_PYTHON",
    (
        "apache-airflow==3.3.2",
        "apache-airflow-providers-airbyte",
        "apache-airflow-providers-dbt-cloud",
        "apache-airflow-providers-http",
        "msgspec",
    ),
    options=("--constraints", "constraints/airflow-3.3.2.txt"),
)


def install(peer: Peer) -> bool:
    """Make the environment of a peer and return whether it could be made."""
    from tools.setup_environment import UV, find_python, install_uv, run, say, uv_settings

    install_uv()
    ready, settings = peer.folder / ".ready", uv_settings()
    if ready.exists():
        return True
    say(f"{peer.title} in {peer.folder.relative_to(ROOT)}")
    # Neither is for the newest Pythons yet.
    python = find_python("2.11.2")
    if not python or not run(UV, "venv", "--quiet", "--clear", "--python", python, peer.folder, **settings):
        return False
    overrides = peer.folder / "overrides.txt"
    overrides.write_text(peer.overrides, "utf-8")
    command = (UV, "pip", "install", "--quiet", "--python", peer.folder / "bin" / "python")
    if not run(*command, "--overrides", overrides, *peer.options, *peer.packages, **settings):
        return False
    ready.touch()
    return True


if __name__ == "__main__":
    os.chdir(ROOT)
    failed = [peer.title for peer in (SDK, PROVIDERS) if not install(peer)]
    if failed:
        raise SystemExit(f"Could not be installed: {', '.join(failed)}. The benchmarks go without.")

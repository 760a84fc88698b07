"""Commands of the pages' shell blocks: run where that can be, and otherwise held to what they name."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from itertools import pairwise
from typing import TYPE_CHECKING

import requests
from packaging.requirements import Requirement

from airflow_provider_om_messaging import __version__
from airflow_provider_om_messaging.sandbox import Sandbox
from benchmarks.peers import SDK
from tests.conftest import ROOT
from tests.contract.sandbox.test_cli import run_command
from tests.in_airflow.documentation.connections import check_connection
from tests.in_airflow.documentation.rest_api import check_request
from tools.setup_environment import UV

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SANDBOX = "http://127.0.0.1:8585"
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
SETUP = (ROOT / "tools" / "setup_environment.py").read_text(encoding="utf-8")
PROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PINS = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "constraints").glob("*.txt")))
AIRFLOW_VERSIONS = re.findall(r"^(?:NEW|OLD) := (\S+)", MAKEFILE, re.MULTILINE)
CONSTRAINTS = re.compile(
    r"https://raw\.githubusercontent\.com/apache/airflow/constraints-(\S+)/constraints-(3\.\d+)\.txt"
)
ENTRY = "python -m airflow_provider_om_messaging.sandbox"
OLD_NAME = """\
import warnings
from airflow_provider_om_messaging.deprecation import OpenMetadataDeprecationWarning

def test_with_an_old_name():
    warnings.warn("an old name", OpenMetadataDeprecationWarning, stacklevel=1)
"""


def check_shell(text: str, folder: Path) -> None:
    """Check each command of a block, all in one folder; a command that is in no table here fails."""
    subprocess.run(["bash", "-n", "-c", text], check=True)
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        known = [start for start in CHECKS if words[: len(start.split())] == start.split()]
        assert known, f"Nothing checks this command: {line}"
        CHECKS[max(known, key=len)](words, line, folder)


def check_make(words: list[str], _line: str, _folder: Path) -> None:
    """The targets are there, and so are the variables, and the tests and rooms that these name."""
    free = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    subprocess.run(["make", "-n", *words[1:]], cwd=ROOT, env=free, check=True, stdout=subprocess.DEVNULL)
    for name, _, value in (word.partition("=") for word in words[1:] if "=" in word):
        assert f"$({name})" in MAKEFILE, name
        paths = [part for part in value.split() if "/" in part]
        assert not [path for path in paths if not any(ROOT.glob(f"**/{path}"))], value
        assert name != "LINE" or value in AIRFLOW_VERSIONS


def check_pip(words: list[str], _line: str, _folder: Path) -> None:
    """What is installed is there: as a version and extras of this package, or pinned for its tests."""
    arguments = iter(words[2:])
    for word in arguments:
        if word == "--constraint":
            found = CONSTRAINTS.fullmatch(next(arguments))
            assert found
            assert found[1] in AIRFLOW_VERSIONS
            assert f"Python :: {found[2]}" in PROJECT
        elif word != "--no-cache-dir":
            check_requirement(Requirement(word.replace("${AIRFLOW_VERSION}", AIRFLOW_VERSIONS[0])))


def check_requirement(wanted: Requirement) -> None:
    """A requirement of a command names what this project has or pins."""
    if wanted.name == "airflow-provider-om-messaging":
        assert wanted.specifier.contains(__version__, prereleases=True), wanted
        extras = PROJECT.split("[project.optional-dependencies]")[1].split("[project.urls]")[0]
        assert not [extra for extra in wanted.extras if f"\n{extra} = [" not in extras], wanted
        return
    versions = re.findall(rf"^{wanted.name}==(\S+)", PINS, re.MULTILINE)
    if wanted.name == "apache-airflow":
        versions = AIRFLOW_VERSIONS
    assert any(wanted.specifier.contains(version) for version in versions), wanted
    assert wanted.extras <= EXTRAS_OF_OTHERS.get(wanted.name, set()), wanted


EXTRAS_OF_OTHERS = {"apache-airflow-providers-amazon": {"s3fs"}}
"""Extras that only an index could tell, as the metadata of the pinned versions has them."""


def check_export(_words: list[str], line: str, folder: Path) -> None:
    """Bash sets the variable, and something reads it; a connection to a server logs in."""
    name = line.removeprefix("export ").partition("=")[0]
    value = run_in_bash(f'{line}; printf %s "${name}"', folder)
    if name == "AIRFLOW_CONN_OM_MESSAGING_DEFAULT":
        check_connection(value, folder)
    elif name == "AIRFLOW_CONN_AWS_DEFAULT":
        assert json.loads(value)["conn_type"] == "aws"
    elif name.startswith("AIRFLOW__"):
        from airflow.configuration import conf

        assert conf.has_option(*name.removeprefix("AIRFLOW__").lower().split("__"))
    elif name != "AIRFLOW_HOME":
        readers = [*(ROOT / "example_dags").glob("*.py"), ROOT / "benchmarks" / "peers.py"]
        assert any(f'"{name}"' in path.read_text(encoding="utf-8") for path in readers), name


def run_in_bash(line: str, folder: Path) -> str:
    """Run a line and return what it prints."""
    return subprocess.run(
        ["bash", "-euc", line], cwd=folder, check=True, capture_output=True, text=True
    ).stdout


def check_echo(_words: list[str], line: str, folder: Path) -> None:
    """What is written is what ``make bench-peers`` installs the SDK with."""
    run_in_bash(line, folder)
    assert [path.read_text() for path in folder.glob("without.txt")] == [SDK.overrides]


def check_uv(words: list[str], _line: str, folder: Path) -> None:
    """uv has the command with these options; what it would install is what ``make bench-peers`` does."""
    options = [word for word in words if word.startswith("--")]
    command = words[1 : 3 if words[1] == "pip" else 2]
    text = subprocess.run([UV, *command, "--help"], check=True, capture_output=True, text=True).stdout
    assert not [option for option in options if option not in text]
    if words[1] == "pip":
        assert (folder / dict(pairwise(words))["--overrides"]).exists()
        assert tuple(word for word in words if "==" in word) == SDK.packages


def check_sandbox(words: list[str], _line: str, folder: Path) -> None:
    """The sandbox starts; not on the port that is named, which may be taken."""
    options = dict(pairwise(words))
    assert f"127.0.0.1:{options.pop('--port')}" in SANDBOX
    rest = words[len(ENTRY.split()) + 2 :]
    with run_command(folder, *rest) as (_process, ready):
        assert requests.get(f"{ready['url']}/_sandbox", timeout=300).status_code == 200


def check_pytest(words: list[str], _line: str, folder: Path) -> None:
    """Tests are found with the DAGs that they import, and fail for old names where they are to."""
    for path, text in (("dags/shown.py", ""), ("tests/test_shown.py", OLD_NAME)):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text("import shown\n" * ("pythonpath=dags" in words and "tests" in path) + text)
    done = subprocess.run(
        [sys.executable, *words[1:]], cwd=folder, check=False, capture_output=True, text=True
    )
    assert "OpenMetadataDeprecationWarning: an old name" in done.stdout, done.stdout + done.stderr
    assert done.returncode == ("-W" in words)


def check_airflow(words: list[str], _line: str, _folder: Path) -> None:
    """The database of the tests themselves was made by this command."""
    assert ", ".join(f'"{word}"' for word in words) in SETUP


def check_curl(words: list[str], line: str, _folder: Path) -> None:
    """The sandbox does what it is told; a request to Airflow fits its API."""
    options = dict(pairwise(words))
    (url,) = (word for word in words if word.startswith(("http", "$AIRFLOW/")))
    method, body = options.get("-X", "GET"), options.get("-d")
    if url.startswith("$AIRFLOW/"):
        assert "Content-Type: application/json" in words
        check_request(method, url.removeprefix("$AIRFLOW"), json.loads(body or "null"))
        return
    assert url.startswith(f"{SANDBOX}/_sandbox"), line
    with Sandbox() as server:
        answer = requests.request(method, url.replace(SANDBOX, server.url), data=body, timeout=300)
        assert answer.status_code == 200, line


def check_vault(words: list[str], _line: str, folder: Path) -> None:
    """Airflow's backend makes JSON of the pairs. Not run: there is no Vault."""
    path, *pairs = words[3:]
    assert path == "airflow/connections/om_messaging_default"
    shown = dict(pair.split("=", 1) for pair in pairs)
    check_connection(json.dumps(shown, ensure_ascii=False), folder)


def check_aws(words: list[str], _line: str, folder: Path) -> None:
    """Airflow's backend reads the text as it is. Not run: there is no AWS."""
    options = dict(pairwise(words))
    assert options["--name"] == "airflow/connections/om_messaging_default"
    check_connection(options["--secret-string"], folder)


CHECKS: dict[str, Callable[[list[str], str, Path], None]] = {
    "make": check_make,
    "pip install": check_pip,
    "export": check_export,
    "echo": check_echo,
    "uv venv": check_uv,
    "uv pip install": check_uv,
    ENTRY: check_sandbox,
    "python -m pytest": check_pytest,
    "airflow": check_airflow,
    "curl": check_curl,
    "vault kv put": check_vault,
    "aws secretsmanager create-secret": check_aws,
}
"""What a command begins with, and what checks it."""

"""The pages on the sandbox: the test that they show is one that can fail, and its commands do something."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
import requests

from airflow_provider_om_messaging.sandbox import Sandbox
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SNIPPET = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
ENDED = re.compile(r"^(PASSED|FAILED) tests/test_(\w+)\.py::test_(nothing|a_reader)", re.MULTILINE)
GUIDE = ROOT / "docs" / "guides" / "test-your-dags.md"


def read_snippets(page: Path) -> list[str]:
    return SNIPPET.findall(page.read_text(encoding="utf-8"))


@pytest.mark.starts_airflow
def test_the_test_of_the_guide_passes_for_the_dag_of_the_readme_alone(tmp_path: Path) -> None:
    """A DAG whose first task fails writes nothing either: there it fails."""
    [dag, *_] = read_snippets(ROOT / "README.md")
    shown = "\n".join(read_snippets(GUIDE)[:2])
    dags, tests = tmp_path / "dags", tmp_path / "tests"
    dags.mkdir()
    tests.mkdir()
    (dags / "topics.py").write_text(dag)
    broken = dag.replace('DAG("topics"', 'DAG("broken"').replace(".before", "/no/folder")
    (dags / "broken.py").write_text(broken)
    (tests / "test_topics.py").write_text(shown)
    (tests / "test_broken.py").write_text(shown.replace("from topics", "from broken"))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:asyncio", "-o", "pythonpath=dags", "tests"],
        cwd=tmp_path,
        env={**os.environ, "AIRFLOW__CORE__DAGS_FOLDER": str(dags)},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    ended = set(ENDED.findall(done.stdout))
    assert ended == {
        ("PASSED", "topics", "nothing"),
        ("PASSED", "topics", "a_reader"),
        ("FAILED", "broken", "nothing"),
        ("PASSED", "broken", "a_reader"),
    }, done.stdout + done.stderr


def test_the_commands_of_the_page_on_the_sandbox_work() -> None:
    text = (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8")
    commands = re.findall(r"^curl (.+)$", text, re.MULTILINE)
    assert len(commands) > 5
    with Sandbox() as server:
        for command in commands:
            words = shlex.split(command)
            [url] = [word for word in words if word.startswith("http://127.0.0.1:8585/_sandbox")]
            options = dict(pairwise(words))
            answer = requests.request(
                options.get("-X", "GET"),
                url.replace("http://127.0.0.1:8585", server.url),
                data=options.get("-d"),
                timeout=30,
            )
            assert answer.status_code == 200, command
        refusal = requests.put(f"{server.url}/_sandbox/nothing", timeout=30)
    documented = set(re.findall(r"^\| `([A-Z]+ /_sandbox\S*)` \|", text, re.MULTILINE))
    known = set(re.findall(r"[A-Z]+ /_sandbox[\w/-]*", refusal.text))
    assert documented == known - {"PUT /_sandbox"}

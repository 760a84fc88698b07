"""The page on the sandbox: its commands do something."""

from __future__ import annotations

import re
import shlex
from itertools import pairwise

import requests

from airflow_provider_om_messaging.sandbox import Sandbox
from tests.conftest import ROOT


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

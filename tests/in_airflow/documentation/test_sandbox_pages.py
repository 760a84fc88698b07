"""The page on the sandbox tells all that a running one can be told."""

from __future__ import annotations

import re

import requests

from airflow_provider_om_messaging.sandbox import Sandbox
from tests.conftest import ROOT


def test_every_control_is_on_the_page_on_the_sandbox() -> None:
    text = (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8")
    with Sandbox() as server:
        refusal = requests.put(f"{server.url}/_sandbox/nothing", timeout=30)
    documented = set(re.findall(r"^\| `([A-Z]+ /_sandbox\S*)` \|", text, re.MULTILINE))
    known = set(re.findall(r"[A-Z]+ /_sandbox[\w/-]*", refusal.text))
    assert documented == known - {"PUT /_sandbox"}

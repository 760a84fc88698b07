"""Every code block of every page is run, or read by what reads such a file; none is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conftest import AIRFLOW_LINE
from tests.in_airflow.documentation import formats
from tests.in_airflow.documentation.blocks import BLOCKS, Block
from tests.in_airflow.documentation.connections import connect_sandbox
from tests.in_airflow.documentation.shell import CHECKS as COMMANDS
from tests.in_airflow.documentation.shell import check_shell

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def check_python(code: str, _folder: Path) -> None:
    if "ApprovalOperator" in code and AIRFLOW_LINE.startswith("2."):
        pytest.skip("approvals are of Airflow 3.1 and later")
    if "task.sensor" in code and AIRFLOW_LINE.startswith("3."):
        pytest.skip("a sensor that is marked is for Airflow before 3.1")
    with connect_sandbox():
        names: dict[str, object] = {"__name__": "snippet"}
        exec(compile(code, "snippet", "exec"), names)  # noqa: S102 - it is our own page
        if describe := getattr(names.get("describe"), "function", None):
            assert describe("sample_kafka")


CHECKS: dict[str, Callable[[str, Path], None]] = {
    "python": check_python,
    "sh": check_shell,
    "yaml": formats.check_chart_values,
    "ini": formats.check_settings,
    "json": formats.check_metadata,
    "text": formats.check_csv,
    "dockerfile": formats.check_dockerfile,
}
"""What a fence says, and what checks its text."""
DIRECTIVES = {"{eval-rst}", "{image}", "{include}", "{literalinclude}", "{toctree}"}
"""Not checked here: Sphinx carries them out in ``make docs``, and a warning of it is an error."""
SNIPPETS = [block for block in BLOCKS if block.language not in DIRECTIVES]


@pytest.mark.parametrize("block", SNIPPETS, ids=str)
def test_every_snippet_runs(block: Block, tmp_path: Path) -> None:
    assert block.language in CHECKS, "Nothing checks such a block."
    CHECKS[block.language](block.text, tmp_path)


def test_every_check_has_something_to_check() -> None:
    """A page that changes takes its check along."""
    assert {block.language for block in SNIPPETS} == set(CHECKS)
    lines = [line for block in SNIPPETS if block.language == "sh" for line in block.text.splitlines()]
    assert [start for start in COMMANDS if not any(line.startswith(start) for line in lines)] == []

"""How docstrings begin, so that the first lines of modules read as a table of contents."""

from __future__ import annotations

import ast

from airflow_provider_om_messaging.provider_info import PACKAGE
from tests.conftest import ROOT

MODULES = sorted((ROOT / PACKAGE).rglob("*.py"))


def test_the_first_line_of_a_module_says_what_is_in_it() -> None:
    firsts = {file: file.read_text("utf-8").partition("\n")[0] for file in MODULES}
    assert len(firsts) > 200
    assert not [file for file, line in firsts.items() if not line.startswith('"""') or len(line) < 20]


def test_a_long_docstring_of_a_class_or_function_begins_on_its_second_line() -> None:
    wrong = [
        f"{file}:{node.lineno}"
        for file in MODULES
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and "\n" in (text := ast.get_docstring(node, clean=False) or "")
        and not text.startswith("\n")
    ]
    assert not wrong

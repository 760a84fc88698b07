"""Which tests reach which line: from one run of them all under coverage.py."""

from __future__ import annotations

import ast
import hashlib
import os
import subprocess
import sys
from collections import defaultdict
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from coverage import CoverageData

from tools.mutants.sample import PACKAGE

if TYPE_CHECKING:
    from pathlib import Path

SUITES = ("tests/unit", "tests/contract", "tests/in_airflow")
"""In this order: most mutants are noticed before the slower tests begin."""
LEFT_OUT = (
    # The sandbox shares no code with what is mutated; what a thousand topics show is shown by ten.
    *("*/contract/sandbox", "*/contract/recorded", "*/test_at_scale*"),
    # These start processes of their own, look at other code, or run all operators on every server.
    *("*/in_airflow/dag_runs", "*/in_airflow/interface", "*/in_airflow/documentation", "*/test_matrix*"),
)
_SETTINGS = f"[run]\nsource = {PACKAGE}\nomit = */sandbox/*\nrelative_files = true\n"


class Reach:
    """
    What each line is reached by.

    :param tree: a copy of the project.
    :param folder: for what is found out; the tests are run again only if the code or they have changed.
    """

    def __init__(self, tree: Path, folder: Path) -> None:
        self._tree = tree
        data, times, stamp = (folder / name for name in ("lines.db", "times.xml", "digest.txt"))
        if not stamp.exists() or stamp.read_text() != _compute_digest(tree):
            folder.mkdir(parents=True, exist_ok=True)
            print("Which tests reach which line? One run of all of them, which takes its time.", flush=True)
            (tree / ".coveragerc").write_text(_SETTINGS)
            options = (
                *(f"--ignore-glob={name}" for name in LEFT_OUT),
                "--cov",
                "--cov-context=test",
                "--cov-report=",
                f"--junitxml={times}",
                *("-n", "2", "--dist", "loadfile"),
            )
            command = (sys.executable, "-m", "pytest", *SUITES, "-q", "-p", "no:cacheprovider")
            places = {"COVERAGE_FILE": str(data), "PYTHONPATH": str(tree)}
            subprocess.run([*command, *options], cwd=tree, env={**os.environ, **places}, check=True)
            stamp.write_text(_compute_digest(tree))
        self._seconds = {
            f"{case.get('classname')}.{case.get('name')}": float(case.get("time", 0))
            for case in ElementTree.parse(times).getroot().iter("testcase")  # noqa: S314 - pytest wrote it
        }
        self._coverage = CoverageData(str(data))
        self._coverage.read()
        self._importers: dict[str, set[str]] = defaultdict(set)
        for path in (tree / PACKAGE).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ImportFrom) and node.module:
                    for name in (node.module, *(f"{node.module}.{alias.name}" for alias in node.names)):
                        self._importers[name].add(str(path.relative_to(tree)))

    def find_tests(self, path: str, line: int) -> list[str]:
        """
        Return the tests that reach a line: suite by suite, the fast ones before the slow ones.

        A line that runs when its module is imported is reached by every test that reaches the module, or a
        module that imports it, and not only by the first.
        """
        code = ast.parse((self._tree / path).read_text())
        first, last = _find_statement(code, line)
        tests = self._find_covering_tests(path, range(first, last + 1))
        if not tests or _runs_at_import(code, line):
            module = path.removesuffix(".py").replace("/", ".")
            tests = {
                test for one in (path, *self._importers[module]) for test in self._find_covering_tests(one)
            }
        return sorted(tests, key=lambda test: (_find_suite(test), self.estimate_seconds([test]), test))

    def estimate_seconds(self, tests: list[str]) -> float:
        """Return how long tests take."""
        return sum(self._seconds.get(_name_in_report(test), 1.0) for test in tests)

    def _find_covering_tests(self, path: str, lines: range | None = None) -> set[str]:
        contexts = self._coverage.contexts_by_lineno(path)
        return {
            context.rpartition("|")[0]
            for line, found in contexts.items()
            if lines is None or line in lines
            for context in found
            if context
        }


def _find_statement(tree: ast.Module, line: int) -> tuple[int, int]:
    """Return the first and last line of the statement, or of the head of the block, that a line is in."""
    inner = (line, line)
    for node in ast.walk(tree):  # outer ones first
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or line):
            body = getattr(node, "body", None)
            last = body[0].lineno - 1 if body else node.end_lineno or line
            inner = (node.lineno, last) if line <= last else (line, line)
    return inner


def _runs_at_import(tree: ast.Module, line: int) -> bool:
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return not any(node.body[0].lineno <= line <= (node.end_lineno or line) for node in functions)


def _find_suite(test: str) -> int:
    return next(at for at, suite in enumerate(SUITES) if test.startswith(f"{suite}/"))


def _name_in_report(test: str) -> str:
    """Return what a report in JUnit's form calls a test."""
    path, _, rest = test.partition(".py::")
    name, bracket, parameters = rest.partition("[")
    return f"{path.replace('/', '.')}.{name.replace('::', '.')}{bracket}{parameters}"


def _compute_digest(tree: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for room in (PACKAGE, "tests") for path in (tree / room).rglob("*.py")):
        digest.update(f"{path.relative_to(tree)}\n".encode() + path.read_bytes())
    return digest.hexdigest()

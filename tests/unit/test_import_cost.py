"""A DAG file pays only for classes and their parameters when it is parsed, not for what its tasks do.

So do the processes of Airflow that load plugins and links: API server, scheduler. What a module loads is read
from its text, because a new process that imports Airflow takes seconds; what it costs is measured by
``benchmarks/bench_parse.py``.
"""

from __future__ import annotations

import ast
from functools import cache
from typing import TYPE_CHECKING

import pytest

from airflow_provider_om_messaging.provider_info import MODULES, PACKAGE
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

CLIENTS = {"requests", "aiohttp", "urllib3", "httpx", "jwt", "socketio"}
HEAVY = CLIENTS | {"csv", "difflib", "gzip", "hashlib", "msgspec", "airflow.triggers.base"}

# Beside themselves, all that operators, sensors, links and plugin need for their parameters.
NEEDED = {
    "exceptions",
    "files.path_text",
    "hooks.engine_options",
    "operators.support.base",
    "operators.support.task_links",
    "operators.support.missing",
    "operators.support.parameters",
    "operators.support.lineage_events",
    "operators.support.waiting",
    "protocol.csv.columns",
    "protocol.imports.stopped_fault",
    "protocol.model.entities",
    "protocol.model.names",
    "protocol.wire.faults",
    "protocol.wire.printable",
    "provider_info",
    "ui.links",
    "ui.plugin",
    "ui.routes",
}


def find_file(module: str) -> Path | None:
    """Return the file of a module of the package; None for a package and for what is no module of it."""
    if module.partition(".")[0] != PACKAGE:
        return None
    path = ROOT.joinpath(*module.split(".")).with_suffix(".py")
    return path if path.is_file() else None


def walk_executed(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield the statements that importing a module executes: not those for type checkers or in functions."""
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from walk_executed(node.orelse)
            continue
        yield node
        yield from walk_executed(ast.iter_child_nodes(node))


@cache
def find_imports(file: Path) -> frozenset[str]:
    """Return the modules that a file imports when it is loaded."""
    found: set[str] = set()
    for node in walk_executed(ast.parse(file.read_text("utf-8")).body):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "the package imports by whole names"
            found |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(found)


def load(*modules: str) -> set[str]:
    """Return the names of all that importing modules loads, as far as the package's own imports tell."""
    loaded: set[str] = set()
    left = [f"{PACKAGE}.{module}" for module in modules]
    while left:
        name = left.pop()
        if name in loaded:
            continue
        loaded.add(name)
        if file := find_file(name):
            left += find_imports(file)
    return loaded


def own_modules(loaded: Iterable[str]) -> set[str]:
    return {name.removeprefix(f"{PACKAGE}.") for name in loaded if find_file(name)}


def list_modules(room: str) -> list[str]:
    return [f"{room}.{name}" for name in MODULES[room]]


@pytest.mark.parametrize(
    "modules", [["ui.links", "ui.plugin"], list_modules("operators"), list_modules("sensors")], ids=" ".join
)
def test_classes_and_parameters_load_nothing_of_the_work(modules: list[str]) -> None:
    loaded = load(*modules)
    assert set(modules) <= own_modules(loaded)
    assert own_modules(loaded) - set(modules) <= NEEDED
    assert not HEAVY & loaded


def test_nothing_is_needed_that_is_not_loaded() -> None:
    modules = ["ui.links", "ui.plugin", *list_modules("operators"), *list_modules("sensors")]
    assert own_modules(load(*modules)) >= NEEDED


def test_hooks_and_triggers_load_no_client() -> None:
    loaded = load(*list_modules("hooks"), *list_modules("triggers"))
    assert {"files.csv_streams", "triggers.csv_job"} <= own_modules(loaded)
    assert not CLIENTS & loaded


def test_packages_load_nothing() -> None:
    """Importing a module loads the packages that it is in first."""
    for file in (ROOT / PACKAGE).rglob("__init__.py"):
        if "sandbox" not in file.parts:
            assert not {name for name in find_imports(file) if name.startswith(PACKAGE)}, file

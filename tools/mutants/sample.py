"""Drawing one-line faults from the code."""

from __future__ import annotations

import ast
import random
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

from tools.mutants.mutant import Mutant
from tools.mutants.operators import RemoveKeywordArgument, RemoveStatement

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACKAGE = "airflow_provider_om_messaging"
ROOMS = ("protocol", "client", "hooks", "files")
ALONE = ("*files.py",)
"""Modules outside of the rooms that are looked at too."""
_LONG = 50
"""Characters from which on it does not matter whether a message shows one more of a text."""


def draw(root: Path, seed: int, size: int, only: str = "") -> list[Mutant]:
    """
    Return a random sample of mutants, one a line at most; the same seed draws the same from the same code.

    :param root: of the tree.
    :param only: draw from the paths that contain this.
    """
    chance = random.Random(seed)  # noqa: S311 - a sample, no secret
    places = [place for path in find_modules(root) if only in path for place in _find_places(root, path)]
    chance.shuffle(places)
    drawn: list[Mutant] = []
    for path, spots in places:
        if len(drawn) == size:
            break
        # A spot that takes one operator counts as much as one that takes ten.
        candidates = [(operator, at) for spot in spots.values() for operator, at in [chance.choice(spot)]]
        chance.shuffle(candidates)
        source = (root / path).read_text()
        found = (_make_mutant(path, source, operator, at) for operator, at in candidates)
        drawn.extend([mutant for mutant in found if mutant][:1])
    return drawn


def find_modules(root: Path) -> list[str]:
    """Return the modules that mutants are drawn from, by their rooms, so that a module may move."""
    package = root / PACKAGE
    paths = {path for room in ROOMS for path in (package / room).rglob("*.py")}
    paths |= {path for pattern in ALONE for path in package.glob(pattern)}
    return sorted(str(path.relative_to(root)) for path in paths)


def _find_places(root: Path, path: str) -> Iterator[tuple[str, dict[Any, list[tuple[Any, int]]]]]:
    nodes = list(ast_nodes(get_ast((root / path).read_text())))
    lines: dict[int, dict[Any, list[tuple[Any, int]]]] = defaultdict(lambda: defaultdict(list))
    for operator in _OPERATORS:
        positions = (position for node in nodes for position in operator.mutation_positions(node))
        for at, (start, end) in enumerate(positions):
            lines[start[0]][start, end].append((operator, at))
    for line in sorted(lines):
        yield path, lines[line]


def _make_mutant(path: str, source: str, operator: Any, at: int) -> Mutant | None:
    """Return the mutant, or None if it is no code, or differs in what nobody can notice, as annotations."""
    try:
        code = mutate_code(source, operator, at)
    except AttributeError:
        # Where an exception has a dot in its name, cosmic-ray has no other to put there.
        return None
    try:
        if code is None or _normalize_code(code) == _normalize_code(source):
            return None
    except SyntaxError:
        return None
    before, after = source.splitlines(), code.splitlines()
    first = next(at for at, (one, other) in enumerate(zip(before, after, strict=False)) if one != other)
    common_end = 0
    while (
        before[-1 - common_end] == after[-1 - common_end]
        and common_end < min(len(before), len(after)) - first - 1
    ):
        common_end += 1
    old, new = (
        " ".join(line.strip() for line in lines[first : len(lines) - common_end]) for lines in (before, after)
    )
    return Mutant(path, first + 1, old, new, code)


def _normalize_code(code: str) -> str:
    tree = ast.parse(code)
    for node in ast.walk(tree):
        for name in ("annotation", "returns"):
            if getattr(node, name, None) is not None:
                setattr(node, name, ast.Constant(None))
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            node.test, node.body = ast.Constant(None), [ast.Pass()]
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            _leave_out_last_return(node.body)
        if isinstance(node, ast.Slice):
            node.upper = _round_length(node.upper)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "dataclass":
            # Code that changes a frozen value is found by mypy, and slots only take less memory.
            node.keywords = [one for one in node.keywords if one.arg not in {"frozen", "slots"}]
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("shorten"):
            node.args[1:] = [_round_length(argument) for argument in node.args[1:]]
    return ast.dump(tree)


def _round_length(length: Any) -> Any:
    """How much of a text a message shows is a round number, and one more or less is as good."""
    is_long = isinstance(length, ast.Constant) and isinstance(length.value, int) and length.value >= _LONG
    return ast.Constant("long") if is_long else length


def _leave_out_last_return(block: list[ast.stmt]) -> None:
    """Where a function ends, it returns None with and without a statement that says so."""
    last = block[-1]
    if isinstance(last, ast.Return) and ast.unparse(last) in {"return", "return None"}:
        block[-1] = ast.Pass()
    elif isinstance(last, ast.If | ast.With):
        for end in filter(None, (last.body, getattr(last, "orelse", None))):
            _leave_out_last_return(end)
    elif isinstance(last, ast.Try):
        for handler in last.handlers:
            _leave_out_last_return(handler.body)
        _leave_out_last_return(last.orelse or last.body)


_OPERATORS = [
    *(kind() for kind in map(get_operator, operator_names()) if not kind.arguments()),
    RemoveStatement(),
    RemoveKeywordArgument(),
]

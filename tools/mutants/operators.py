"""Faults that cosmic-ray does not make by itself: something is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import parso
from cosmic_ray.operators.operator import Operator

if TYPE_CHECKING:
    from collections.abc import Iterator

_STATEMENTS = {"atom_expr", "await", "return_stmt", "raise_stmt", "del_stmt"}


class RemoveStatement(Operator):  # type: ignore[misc]
    """Leaves out one statement of a function."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Any, Any]]:
        """Yield where such a statement is."""
        if node.type == "simple_stmt" and node.parent.type == "suite" and _has_effect(node.children[0]):
            yield node.children[0].start_pos, node.children[0].end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Put ``pass`` in its place."""
        nothing = parso.parse("pass").children[0]
        nothing.prefix = node.children[0].get_first_leaf().prefix
        node.children[0] = nothing
        return node

    @classmethod
    def examples(cls) -> tuple[()]:
        """Return nothing: only cosmic-ray's own tests ask."""
        return ()


class RemoveKeywordArgument(Operator):  # type: ignore[misc]
    """Leaves out one keyword argument of a call."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Any, Any]]:
        """Yield where such arguments are, among others."""
        if node.type == "arglist":
            for child in node.children:
                if _is_keyword(child):
                    yield child.start_pos, child.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Take it away, with the comma after it."""
        place = [at for at, child in enumerate(node.children) if _is_keyword(child)][index]
        del node.children[place : place + 2]
        return node

    @classmethod
    def examples(cls) -> tuple[()]:
        """Return nothing: only cosmic-ray's own tests ask."""
        return ()


def _has_effect(node: Any) -> bool:
    """Return whether a statement does more than set a variable, without which a function only stops."""
    if node.type == "expr_stmt":
        target, operator = node.children[:2]
        is_counted = operator.type == "operator" and operator.value != "="
        return bool(is_counted or target.type == "atom_expr")
    return node.type in _STATEMENTS


def _is_keyword(node: Any) -> bool:
    return bool(node.type == "argument" and node.children[1] == "=")

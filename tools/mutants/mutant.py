"""One fault in the code."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """
    One fault.

    :param path: of the module, from the root of the tree.
    :param line: that is changed first, from 1.
    :param old: the changed lines as they were, each without its indentation.
    :param new: as they are in the mutant.
    :param code: the whole module with the fault.
    """

    path: str
    line: int
    old: str
    new: str
    code: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}\n- {self.old}\n+ {self.new}"

"""The mutants that change nothing that anybody could notice: ``accepted.txt``."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tools.mutants.mutant import Mutant

_FILE = Path(__file__).with_name("accepted.txt")


class Accepted:
    """The list: a reason after ``#``, then a module's name, and its line without and with the fault."""

    def __init__(self, text: str | None = None) -> None:
        self._reasons: dict[tuple[str, str, str], str] = {}
        reason = module = old = ""
        for line in (text if text is not None else _FILE.read_text()).splitlines():
            if line.startswith("# "):
                reason = line[2:]
            elif line.startswith("- "):
                old = line[2:]
            elif line.startswith("+ "):
                self._reasons[module, old, line[2:]] = reason
            elif line:
                module = line

    def find_reason(self, mutant: Mutant) -> str | None:
        """Return why nobody can notice a mutant, if that is so. A module may have moved since."""
        return self._reasons.get((PurePath(mutant.path).name, mutant.old, mutant.new))

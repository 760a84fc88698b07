"""The list of faults that change nothing is kept by what was changed, not by where it stands."""

from __future__ import annotations

from tools.mutants.accepted import Accepted
from tools.mutants.mutant import Mutant

LIST = """
# The two are the same for whole numbers.
waiting.py
- if number > 1:
+ if number >= 2:
- return a
+ return b
# Another reason.
other.py
- return a
+ return c
"""


def reason(path: str, old: str, new: str) -> str | None:
    return Accepted(LIST).find_reason(Mutant(path, 7, old, new, ""))


def test_a_fault_is_known_wherever_its_module_has_moved_to() -> None:
    for path in ("package/waiting.py", "package/jobs/waiting.py"):
        assert reason(path, "if number > 1:", "if number >= 2:") == "The two are the same for whole numbers."
        assert reason(path, "return a", "return b") == "The two are the same for whole numbers."
    assert reason("package/other.py", "return a", "return c") == "Another reason."


def test_any_other_fault_has_to_be_noticed() -> None:
    assert reason("package/other.py", "if number > 1:", "if number >= 2:") is None
    assert reason("package/waiting.py", "if number > 1:", "if number >= 1:") is None
    assert reason("package/waiting.py", "return a", "return c") is None

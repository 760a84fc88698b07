"""Keeping secrets out of tracebacks.

Airflow, Sentry and others show the local variables of each frame. A secret is a text that does not show
itself there, and where libraries have made plain bytes of it, their frames are left out.
"""

from __future__ import annotations

SHORTEST = 8
"""Characters of a secret that is looked for in texts: a shorter one would be found in words."""


class Secret(str):
    """A text that is used as any other, but is not shown as the value of a variable."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


def strip_frames(error: BaseException) -> BaseException:
    """Return an error without the frames that it came through, and without those of what caused it."""
    cause: BaseException | None = error
    while cause is not None:
        cause.__traceback__, cause = None, cause.__cause__ or cause.__context__
    return error

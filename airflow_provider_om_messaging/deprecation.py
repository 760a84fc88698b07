"""How a public name is taken away: it warns for two minor releases first (``docs/releases/upgrade.md``)."""

from __future__ import annotations

import importlib
import re
import warnings
from dataclasses import dataclass
from typing import Any

from airflow_provider_om_messaging import __version__


class OpenMetadataDeprecationWarning(DeprecationWarning):
    """
    A public name of this package is used that a later release takes away.

    :param message: the old name, the new one, and the release that takes the old one away.
    :param since: the release that deprecated the name.
    :param removal: the release that takes it away.
    """

    def __init__(self, message: str, *, since: str = "", removal: str = "") -> None:
        super().__init__(message)
        self.since = since
        self.removal = removal


@dataclass(frozen=True)
class Deprecation:
    """
    One public name on its way out.

    :param old: the name as users write it, such as ``operators.plan.PlanOperator``.
    :param new: what to write in its place; for a name of a module, ``module:name`` below the package.
    :param since: the release that deprecates it.
    :param removal: the release that takes it away, at least two minor releases or a major one later.
    """

    old: str
    new: str
    since: str
    removal: str

    def __post_init__(self) -> None:
        """Refuse what the policy does not allow, when the module that deprecates is imported."""
        since, removal = parse_release(self.since), parse_release(self.removal)
        if removal[0] <= since[0] and removal < (since[0], since[1] + 2):
            raise ValueError(
                f"{self.old}: {self.removal} comes less than two minor releases after {self.since}"
            )
        if parse_release(__version__) >= removal:
            raise ValueError(f"{self.old}: {self.removal} was to take this name away")

    def warn(self, stacklevel: int = 2) -> None:
        """
        Warn the caller.

        :param stacklevel: as for :func:`warnings.warn`: 2 for the line that called the caller.
        """
        warnings.warn(
            OpenMetadataDeprecationWarning(
                f"{self.old} is deprecated since {self.since} and goes in {self.removal}: "
                f"use {self.new.replace(':', '.')}.",
                since=self.since,
                removal=self.removal,
            ),
            stacklevel=stacklevel + 1,
        )


def parse_release(version: str) -> tuple[int, int]:
    """Return major and minor number; ``ValueError`` for a text that is no version."""
    found = re.match(r"(\d+)\.(\d+)", version)
    if not found:
        raise ValueError(f"{version!r} is no version")
    return int(found[1]), int(found[2])


def load_deprecated(deprecations: dict[str, Deprecation], module: str, name: str) -> Any:
    """
    Return what a module's old name stands for now, and warn: call it in the module's ``__getattr__``.

    :param deprecations: the module's old names.
    :param module: the module's ``__name__``.
    :param name: the name that was asked for.
    :raises AttributeError: if the module never had it.
    """
    if name not in deprecations:
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    deprecation = deprecations[name]
    deprecation.warn(stacklevel=3)
    new_module, _, new_name = deprecation.new.partition(":")
    package = module.partition(".")[0]
    return getattr(importlib.import_module(f"{package}.{new_module}"), new_name)

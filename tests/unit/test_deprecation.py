"""How a public name is taken away, as `docs/releases/upgrade.md` promises it."""

from __future__ import annotations

import sys
import types

import pytest

from airflow_provider_om_messaging import deprecation
from airflow_provider_om_messaging.deprecation import (
    Deprecation,
    OpenMetadataDeprecationWarning,
    load_deprecated,
)


@pytest.fixture
def renamed(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """A module of the package in which ``Old`` has become ``exceptions.ConflictError``."""
    name = "airflow_provider_om_messaging.renamed_for_a_test"
    module = types.ModuleType(name)
    old = {"Old": Deprecation("renamed.Old", "exceptions:ConflictError", since="1.1", removal="1.3")}
    module.__getattr__ = lambda asked: load_deprecated(old, name, asked)  # type: ignore[method-assign]
    monkeypatch.setitem(sys.modules, name, module)
    return module


def test_an_old_name_still_works_and_says_what_to_write(renamed: types.ModuleType) -> None:
    from airflow_provider_om_messaging.exceptions import ConflictError

    with pytest.warns(OpenMetadataDeprecationWarning) as caught:
        assert renamed.Old is ConflictError
    (warning,) = caught
    assert str(warning.message) == (
        "renamed.Old is deprecated since 1.1 and goes in 1.3: use exceptions.ConflictError."
    )
    assert isinstance(warning.message, DeprecationWarning)
    assert warning.filename == __file__, "the user's own line has to be shown"


def test_a_name_that_never_was_is_an_attribute_error(renamed: types.ModuleType) -> None:
    with pytest.raises(AttributeError, match="Never"):
        _ = renamed.Never


def test_a_parameter_warns_where_it_is_given() -> None:
    def operate(*, wait: float | None = None) -> None:
        if wait is not None:
            Deprecation("wait", "timeout", since="1.1", removal="2.0").warn()

    with pytest.warns(OpenMetadataDeprecationWarning, match="use timeout") as caught:
        operate(wait=1)
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("since", "removal"), [("1.1", "1.2"), ("1.1", "1.1"), ("2.0", "1.9"), ("1.4.2", "1.5.0")]
)
def test_nothing_goes_sooner_than_two_minor_releases_later(since: str, removal: str) -> None:
    with pytest.raises(ValueError, match="two minor releases"):
        Deprecation("old", "new", since, removal)


@pytest.mark.parametrize("removal", ["1.3", "2.0", "1.10"])
def test_two_minor_releases_or_a_major_one_are_enough(removal: str) -> None:
    assert Deprecation("old", "new", "1.1", removal).removal == removal


@pytest.mark.parametrize("version", ["1.3.0", "1.3.0rc1", "1.12.0", "2.0.0"])
def test_a_name_cannot_outlive_its_release(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(deprecation, "__version__", version)
    with pytest.raises(ValueError, match="was to take this name away"):
        Deprecation("old", "new", since="1.1", removal="1.3")

"""Servers of every generation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_om_messaging.sandbox import Sandbox
from airflow_provider_om_messaging.sandbox.generations import GENERATIONS
from tests.contract.sandbox_http import Api

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="package")
def all_of_them() -> Iterator[dict[str, Api]]:
    """One server a generation, for tests that change nothing."""
    running = {name: Sandbox(generation=name).start() for name in GENERATIONS}
    yield {name: Api(sandbox) for name, sandbox in running.items()}
    for sandbox in running.values():
        sandbox.stop()


@pytest.fixture(params=list(GENERATIONS))
def each(request: pytest.FixtureRequest, all_of_them: dict[str, Api]) -> Api:
    return all_of_them[request.param]


@pytest.fixture
def read_only_old(all_of_them: dict[str, Api]) -> Api:
    return all_of_them["1.2"]


@pytest.fixture
def old() -> Iterator[Api]:
    with Sandbox(generation="1.2", race_window=0.0) as sandbox:
        yield Api(sandbox)


@pytest.fixture
def newer() -> Iterator[Api]:
    with Sandbox(generation="1.13") as sandbox:
        yield Api(sandbox)

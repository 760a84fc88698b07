"""Every seed passes its target: what a fuzzer has found once stays found."""

from __future__ import annotations

import pytest

from tests.fuzz.inputs import CORPUS, load_seeds
from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds_pass(name: str) -> None:
    found = load_seeds(name)
    assert found
    for seed in found:
        TARGETS[name](seed)


def test_each_corpus_has_its_target() -> None:
    assert {path.name for path in CORPUS.iterdir()} == TARGETS.keys()

"""Which names a server takes for a new topic, by its version."""

from __future__ import annotations

import pytest

from airflow_provider_om_messaging.protocol.model.name_rules import find_name_problem

OLD, BETWEEN, NEW = "1.2.5", "1.13.2", "2.0.1"


@pytest.mark.parametrize(
    ("name", "taken_by"),
    [
        ("orders.v1-b_c (it's 50%) & more", {OLD, BETWEEN, NEW}),
        ("注文イベント", {OLD, BETWEEN, NEW}),
        ("हिन्दी", {OLD, BETWEEN, NEW}),
        ("n", {OLD, BETWEEN, NEW}),
        ("n" * 128, {OLD, BETWEEN, NEW}),
        ("n" * 129, {BETWEEN, NEW}),
        ("n" * 257, set()),
        ("", set()),
        ("a/b", {BETWEEN, NEW}),
        ("a:b", {BETWEEN, NEW}),
        ("a::b", set()),
        ("a>b", {BETWEEN}),
        ('a"b', set()),
        ("a\tb", {BETWEEN}),
        ("a\nb", set()),
    ],
)
def test_what_is_taken(name: str, taken_by: set[str]) -> None:
    assert {
        version for version in (OLD, BETWEEN, NEW) if find_name_problem(name, version) is None
    } == taken_by


def test_the_words_are_the_servers() -> None:
    assert find_name_problem("a/b", OLD) == r"""[name must match "^(?U)[\w'\- .&()%]+$"]"""
    assert find_name_problem("n" * 129, OLD) == "[name size must be between 1 and 128]"
    assert find_name_problem('a"b', BETWEEN) == 'Invalid name a"b'
    assert find_name_problem("n" * 129, "1.3.4") == "[name size must be between 1 and 128]"
    assert find_name_problem("n" * 129, "1.4.0") is None
    assert find_name_problem("a/b", "1.3.0") is None
    assert find_name_problem("a>b", "2.0.0") is not None
    assert find_name_problem("a::b", BETWEEN) == '[name must match "^((?!::).)*$"]'
    assert find_name_problem('quo"te', BETWEEN) == 'Invalid name quo"te'
    assert find_name_problem("a>b", NEW) == r'[name must match "^((?!::)[^>\"\p{Cntrl}])*$"]'

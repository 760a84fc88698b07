"""The names of files of services: safe everywhere, and never the same for two services."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.exceptions import InvalidParameterError
from airflow_provider_om_messaging.macros import service_file_name
from airflow_provider_om_messaging.protocol.model.names import join_fqn

NAMES = st.text(min_size=1, max_size=256).filter(
    lambda text: text.strip() == text and not any(0xD800 <= ord(char) < 0xE000 for char in text)
)


@pytest.mark.parametrize(
    ("service", "name"),
    [
        ("sample_kafka", "sample_kafka"),
        ("edge.kafka", "edge.kafka"),
        ('"edge.kafka"', "edge.kafka"),
        ("a/b", "a%2Fb"),
        ("a_b", "a_b"),
        (".", "%2E"),
        ("..", "%2E."),
        ('".hidden"', "%2Ehidden"),
        ("~home", "%7Ehome"),
        ("100%2F", "100%252F"),
        ("eu west: *", "eu%20west%3A%20%2A"),
        ("物流", "%E7%89%A9%E6%B5%81"),
        ('say "hi"', "say%20%22hi%22"),
        ('"no end', "%22no%20end"),
        ("6f0c2a52-5d0b-5c1e-9d5e-0d6f6d2f7a11", "6f0c2a52-5d0b-5c1e-9d5e-0d6f6d2f7a11"),
    ],
)
def test_what_stands_for_itself_and_what_is_encoded(service: str, name: str) -> None:
    assert service_file_name(service) == name


@given(NAMES)
def test_a_name_is_safe_in_every_file_system(service: str) -> None:
    name = service_file_name(join_fqn(service))
    assert re.fullmatch(r"(?!\.)[A-Za-z0-9_.%~-]{1,120}", name)


@given(NAMES)
def test_quotes_do_not_matter(service: str) -> None:
    if '"' not in service:
        assert service_file_name(service) == service_file_name(join_fqn(service))


@given(NAMES, NAMES)
def test_two_services_have_two_files(one: str, other: str) -> None:
    assert (service_file_name(join_fqn(one)) == service_file_name(join_fqn(other))) == (one == other)


def test_long_names_that_begin_alike_have_two_files() -> None:
    one, other = (service_file_name("物" * 200 + end) for end in "ab")
    assert one != other
    assert len(one) == len(other) <= 120
    # Nor is the end of a short one taken for a digest.
    assert service_file_name(one) != one


@pytest.mark.parametrize("service", ["", "  ", None])
def test_nothing_has_no_file(service: str) -> None:
    with pytest.raises(InvalidParameterError, match=r"^service is empty"):
        service_file_name(service)

"""Names as users write them, and as they stand in a URL."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.protocol.model import names
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

UUID = "6a2f0e5c-1b7d-4c55-9c2e-0d9f4e8a7b61"

any_text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
awkward = st.text('."ab é事\n', min_size=1, max_size=8)


@given(st.lists(st.one_of(any_text, awkward), min_size=1, max_size=4))
def test_a_joined_name_splits_into_its_parts(parts: list[str]) -> None:
    assert names.split_fqn(names.join_fqn(*parts)) == parts


@given(st.one_of(any_text, awkward))
def test_a_splittable_name_joins_back_to_one_of_the_same_parts(text: str) -> None:
    try:
        parts = names.split_fqn(text)
    except Fault:
        return
    assert names.split_fqn(names.join_fqn(*parts)) == parts


@pytest.mark.parametrize(
    ("fqn", "parts"),
    [
        ("kafka", ["kafka"]),
        ("sample_kafka.orders", ["sample_kafka", "orders"]),
        ('sample_kafka."inventory.v1"', ["sample_kafka", "inventory.v1"]),
        ('"edge.kafka"."a ""quoted"" topic"', ["edge.kafka", 'a "quoted" topic']),
        ('"."', ["."]),
    ],
)
def test_split_fqn(fqn: str, parts: list[str]) -> None:
    assert names.split_fqn(fqn) == parts


@pytest.mark.parametrize(
    "fqn",
    ["", ".", "a.", ".a", "a..b", '"', '"a', 'a"', 'a"b', '"a"b', '"a""', '"a".', '""', 'a."b', '"a"\n'],
)
def test_a_malformed_fqn_is_named(fqn: str) -> None:
    with pytest.raises(Fault, match="double quotes") as caught:
        names.split_fqn(fqn)
    assert caught.value.cause is Cause.INVALID_PARAMETER


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("kafka", "kafka"),
        ("  kafka\n", "kafka"),
        ('"kafka"', "kafka"),
        ("edge.kafka", '"edge.kafka"'),
        ('"edge.kafka"', '"edge.kafka"'),
        ("Küche/№5 %20", "Küche/№5 %20"),
    ],
)
def test_a_service_may_be_written_quoted_or_not(written: str, canonical: str) -> None:
    assert names.parse_service_fqn(written) == canonical
    assert names.parse_service_fqn(canonical) == canonical


def test_blanks_alone_are_no_service_in_quotes_either() -> None:
    with pytest.raises(Fault, match="has an empty part"):
        names.parse_service_fqn('" "')


def test_something_below_a_service_is_not_a_service() -> None:
    with pytest.raises(Fault, match=r'names something below the service "edge.kafka"'):
        names.parse_service_fqn('"edge.kafka".orders')


@pytest.mark.parametrize("value", [[], {"service": "kafka"}, True, 1.5, b"kafka"])
def test_a_service_of_a_wrong_type_is_named(value: object) -> None:
    with pytest.raises(Fault, match=f"^service is a {type(value).__name__}, and has to be a text"):
        names.parse_service_fqn(value)  # type: ignore[arg-type]


def test_a_service_may_be_named_by_a_whole_number() -> None:
    assert names.parse_service_fqn(2024) == "2024"  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["", "  ", None])
def test_no_service_names_the_parameter(value: object) -> None:
    with pytest.raises(Fault, match=r"^service is empty") as caught:
        names.parse_service_fqn(value)  # type: ignore[arg-type]
    assert caught.value.cause is Cause.INVALID_PARAMETER


@pytest.mark.parametrize("text", ['edge"kafka', '"edge.kafka', 'edge.kafka"'])
def test_an_unbalanced_quote_is_refused_before_a_server_calls_it_missing(text: str) -> None:
    with pytest.raises(Fault, match="quote"):
        names.parse_service_fqn(text)


@given(any_text)
def test_a_segment_holds_nothing_that_ends_it(text: str) -> None:
    segment = names.encode_segment(text)
    assert not set(segment) & set('/?#% "\\;&+=') - {"%"}
    assert unquote(segment) == text


@pytest.mark.parametrize("text", [UUID, UUID.upper()])
def test_an_id_is_recognised(text: str) -> None:
    assert names.is_uuid(text)


@pytest.mark.parametrize("text", ["kafka", UUID[:-1], UUID + "0", UUID.replace("-", ""), f"{UUID}\n"])
def test_anything_else_is_a_name(text: str) -> None:
    assert not names.is_uuid(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [("42", "42"), (42, "42"), (" 42\n", "42"), (UUID, UUID), ("9223372036854775807", "9223372036854775807")],
)
def test_a_job_id_is_a_number_or_a_uuid(value: object, text: str) -> None:
    assert names.parse_job_id(value) == text


@pytest.mark.parametrize(
    "value", ["", " ", None, "None", True, "4/2", "../7", "4?2", "4 2", "4\n2", "٤٢", "x" * 65, {}, [42], 4.2]
)
def test_anything_else_is_no_job_id(value: object) -> None:
    # "None" is what a template makes of a task that returned nothing.
    with pytest.raises(Fault, match="is not the id of a job") as caught:
        names.parse_job_id(value)
    assert caught.value.cause is Cause.INVALID_PARAMETER


def test_of_a_long_text_that_is_no_job_id_the_begin_is_shown() -> None:
    with pytest.raises(Fault, match=f"job_id '{'x' * 80}' is not the id of a job"):
        names.parse_job_id("x" * 500)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0.2", "0.2"),
        (0.2, "0.2"),
        (" 0.2 ", "0.2"),
        ("1", "1.0"),
        (1, "1.0"),
        (1.0, "1.0"),
        ("0.10", "0.1"),
        ("00.1", "0.1"),
        ("10", "10.0"),
        (100, "100.0"),
        ("12.34", "12.34"),
        (Decimal("1.20"), "1.2"),
    ],
)
def test_a_version_is_written_as_the_server_writes_it(value: object, text: str) -> None:
    assert names.normalize_version(value) == text


@pytest.mark.parametrize(
    "value", ["", "latest", "v0.2", "0.2.1", "-0.1", "20261128", 20261128, "1e3", "nan", None, True, "٠.٢"]
)
def test_anything_else_is_no_version(value: object) -> None:
    with pytest.raises(Fault, match=r"^version .* is not a number") as caught:
        names.normalize_version(value)
    assert caught.value.cause is Cause.INVALID_PARAMETER


@pytest.mark.parametrize(
    ("fqn", "normal"), [('"a"."b.c"', 'a."b.c"'), ("a.b", "a.b"), ('"a', '"a'), ('a"', 'a"')]
)
def test_quotes_that_are_not_needed_go(fqn: str, normal: str) -> None:
    assert names.normalize_fqn(fqn) == normal


@pytest.mark.parametrize("value", ["x", "x" * 200, 7, -1])
def test_an_id_is_a_short_text_or_a_whole_number(value: object) -> None:
    assert names.is_identifier(value)
    assert not any(map(names.is_identifier, ("", "x" * 201, True, None, 1.5, ["x"])))


def test_a_whole_number_is_within_its_bounds_and_no_flag() -> None:
    assert [value for value in range(-1, 5) if names.is_whole_number(value, 0, 3)] == [0, 1, 2, 3]
    assert names.is_whole_number(10**30, 1)
    assert not any(names.is_whole_number(value, 0) for value in (True, 1.0, "1", None))


def test_seconds_may_be_zero_or_not() -> None:
    assert names.require_seconds("timeout", 0) == 0.0
    assert names.require_seconds("timeout", 0.5, may_be_zero=False) == 0.5
    for value in (-1, True, "1", float("nan"), float("inf"), None):
        with pytest.raises(Fault, match=r"^timeout has to be a number of seconds from 0 on, not"):
            names.require_seconds("timeout", value)
    with pytest.raises(Fault, match="seconds above 0, not 0") as caught:
        names.require_seconds("timeout", 0, may_be_zero=False)
    assert caught.value.cause is Cause.INVALID_PARAMETER


def test_a_flag_is_true_or_false_and_nothing_like_it() -> None:
    assert (names.require_flag("dry_run", True), names.require_flag("dry_run", False)) == (True, False)
    for value in (1, 0, "True", None):
        with pytest.raises(Fault, match=r"^dry_run has to be True or False, not") as caught:
            names.require_flag("dry_run", value)
        assert caught.value.cause is Cause.INVALID_PARAMETER


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (" False ", False),
        ("true", True),
        ("[1, 2]", [1, 2]),
        ("{'a': None}", {"a": None}),
        ('{"a": null}', {"a": None}),
        ("(1,)", (1,)),
        ("b'x'", b"x"),
        ("set()", set()),
        ("(7)", "(7)"),
        ("('x')", "('x')"),
        ("[draft", "[draft"),
        ("7", "7"),
        ("None of it", "None of it"),
        (" kafka ", " kafka "),
    ],
)
def test_what_a_template_made_of_a_value_is_told_from_a_name(text: str, value: object) -> None:
    assert names.read_rendered(text) == value
    assert type(names.read_rendered(text)) is type(value)


def test_data_is_read_as_json_or_as_python_writes_it() -> None:
    assert names.parse_rendered("[1, null]") == names.parse_rendered("[1, None]") == [1, None]
    for text in ("kafka", "{" * 10_000, "{[1]: 2}", "a\0"):
        assert names.parse_rendered(text) == text


@pytest.mark.parametrize("value", [1e308, 10**400, 2e9])
def test_longer_waits_than_a_clock_can_reckon_are_as_long_as_it_can(value: float) -> None:
    assert names.require_seconds("timeout", value) == 1e9


@given(st.integers(0, 10**5 - 1), st.integers(0, 9))
def test_versions_agree_with_what_python_makes_of_the_servers_number(whole: int, tenth: int) -> None:
    number = float(f"{whole}.{tenth}")
    assert names.normalize_version(number) == names.normalize_version(f"{whole}.{tenth}") == str(number)

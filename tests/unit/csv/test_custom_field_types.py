"""A value of every type of custom field comes back from its cell, whatever is there by then."""

from __future__ import annotations

import string
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.protocol.csv.custom_fields import (
    compute_field,
    get_meaning,
    parse_texts,
    render_cell,
)
from airflow_provider_om_messaging.protocol.csv.custom_values import _READERS, CustomField

TEXTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0\r") | st.sampled_from('|;:," {}[]'),
    min_size=1,
    max_size=8,
)
NUMBERS = st.integers(-(10**15), 10**15)
ROWS = st.dictionaries(st.sampled_from(["topic", "hours|days", 'q"']), TEXTS, max_size=3)
TABLES = st.fixed_dictionaries(
    {"columns": st.just(["topic", "hours|days", 'q"']), "rows": st.lists(ROWS, max_size=3)}
)
LINKS = st.sampled_from(["https://example.com/a;b?c=d|e".replace("|", "%7C"), "HTTP://example.com"])
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "integer": NUMBERS,
    "timestamp": st.integers(0, 2**42),
    "number": NUMBERS | st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "enum": st.lists(TEXTS, min_size=1, max_size=3, unique=True),
    "timeInterval": st.fixed_dictionaries({"start": NUMBERS, "end": NUMBERS}),
    "table-cp": TABLES,
    "hyperlink-cp": st.fixed_dictionaries({"url": LINKS}, optional={"displayText": TEXTS}),
    "date-cp": st.dates().map(str),
    "dateTime-cp": st.datetimes().map(str),
    "time-cp": st.times().map(str),
    "duration": st.sampled_from(["P1D", "PT1H30M", "P1Y2M10DT2H30M"]),
    "email": TEXTS.map(lambda text: f"{''.join(text.split())}a@example.com"),
    "sqlQuery": TEXTS.map(lambda text: f"SELECT '{text}' || x; -- : |"),
    "string": TEXTS,
    "markdown": TEXTS,
}
NAMED = {name.translate(str.maketrans("", "", string.punctuation)): name for name in VALUES}
FIELDS = {name: CustomField(name, kind) for name, kind in NAMED.items()}
STATES = st.fixed_dictionaries({}, optional={field: VALUES[kind] for field, kind in NAMED.items()})


def test_no_type_is_left_out() -> None:
    assert set(_READERS) - set(VALUES) == {"entityReference", "entityReferenceList"}


@given(STATES, STATES)
def test_a_state_comes_back(first: dict[str, Any], second: dict[str, Any]) -> None:
    texts = parse_texts(render_cell(first))
    assert texts.keys() == first.keys()
    for name, value in first.items():
        for present in (None, value, second.get(name)):
            found = compute_field(name, texts[name], present, FIELDS, {})
            again = parse_texts(render_cell({name: found}))[name]
            assert get_meaning(again, FIELDS[name]) == get_meaning(texts[name], FIELDS[name])
            assert found == value or sorted(found) == sorted(value)

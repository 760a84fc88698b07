"""The patch engine by itself, with any document."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.sandbox.entities import patches
from airflow_provider_om_messaging.sandbox.http.errors import ApiError
from tests.contract.sandbox.patch.operations import put

_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
_documents = st.dictionaries(st.text(max_size=4), _values, max_size=4)


def pointer(*parts: str) -> str:
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)


@given(_documents, st.text(max_size=4), _values)
def test_what_was_added_is_there_and_can_be_taken_away(document: Any, name: str, value: Any) -> None:
    path = pointer(name)
    if path.endswith("href") or path.startswith(("/changeDescription", "/incrementalChangeDescription")):
        return
    added = patches.apply(document, [put(path, value), {"op": "test", "path": path, "value": value}], 400)
    assert added == {**document, name: value}
    without = {key: item for key, item in document.items() if key != name}
    assert patches.apply(added, [{"op": "remove", "path": path}], 400) == without


@given(_documents, st.lists(st.text(max_size=3), max_size=3), _values)
def test_a_patch_never_changes_the_document_it_was_given(document: Any, parts: list[str], value: Any) -> None:
    before = json.dumps(document)
    for operation in ("add", "replace", "test", "remove"):
        with contextlib.suppress(ApiError):
            patches.apply(document, [{"op": operation, "path": pointer(*parts), "value": value}], 400)
    assert json.dumps(document) == before

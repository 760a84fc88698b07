"""Whether a verdict is about the rows of a file."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.protocol.imports.verdict import is_about_rows

if TYPE_CHECKING:
    import random

CELLS = st.lists(st.text(alphabet='ab,;"\n é', max_size=4), min_size=2, max_size=3)


@given(rows=st.lists(CELLS, min_size=1, max_size=6), chance=st.randoms(use_true_random=False), data=st.data())
def test_a_verdict_is_known_by_its_rows_in_whatever_order(
    rows: list[list[str]], chance: random.Random, data: st.DataObject
) -> None:
    header = ["name", "description"]
    answer = [["success", "Entity updated", *row] for row in rows]
    chance.shuffle(answer)
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["status", "details", *header], *answer])
    assert is_about_rows(text.getvalue(), [header, *rows])
    changed = [list(row) for row in rows]
    one = data.draw(st.sampled_from(changed))
    one[0] += "x"
    for other in (changed, rows[1:], [*rows, rows[0]]):
        assert not is_about_rows(text.getvalue(), [header, *other])
    assert not is_about_rows(text.getvalue(), [["name", "owner"], *rows])
    assert not is_about_rows("success", [header, *rows])

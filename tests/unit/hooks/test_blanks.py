"""Blanks around names that are no part of them are left out of a file; nothing else of it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_om_messaging.files.csv_streams import open_csv_upload
from airflow_provider_om_messaging.hooks.blanks import trim_names
from airflow_provider_om_messaging.protocol.csv.cells import Reading
from airflow_provider_om_messaging.protocol.csv.dialect import format_record
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

if TYPE_CHECKING:
    from collections.abc import Callable

HEADER = ["displayName", "name*", "description", "owner"]
NAMED = ["Orders", "orders", " of today ", " user:ada "]
NAMELESS = ["", "", " of nobody ", " user:ada "]


def trim(*rows: list[str], exists: Callable[[object], bool]) -> list[list[str]]:
    text = "".join(map(format_record, (HEADER, *rows)))
    with open_csv_upload(csv=text) as upload, trim_names(upload, Reading(exists=exists)) as trimmed:
        header, *others = (list(row) for _, row in trimmed.iterate_rows())
    assert header == HEADER
    return others


@pytest.mark.parametrize(("is_name", "owner"), [(True, "user:ada "), (False, "user:ada")])
def test_names_are_looked_up_and_rows_without_one_of_their_own_stay(is_name: bool, owner: str) -> None:
    rows = trim(NAMED, NAMELESS, exists=lambda _: is_name)
    assert [row[-1] for row in rows] == [owner, " user:ada "]
    assert [row[:-1] for row in rows] == [NAMED[:-1], NAMELESS[:-1]]


@pytest.mark.parametrize("cause", list(Cause))
def test_a_name_that_may_not_be_looked_up_is_left_to_the_server(
    caplog: pytest.LogCaptureFixture, cause: Cause
) -> None:
    def refuse(_: object) -> bool:
        raise Fault(cause, "You may not read users.")

    caplog.set_level("INFO")
    if cause in {Cause.FORBIDDEN, Cause.UNSUPPORTED}:
        assert trim(NAMED, exists=refuse) == [NAMED]
        assert "' user:ada ' belong to a name is left to the server. You may not read users." in caplog.text
    else:
        with pytest.raises(Fault) as caught:
            trim(NAMED, exists=refuse)
        assert caught.value.cause is cause

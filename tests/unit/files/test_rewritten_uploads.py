"""An upload that is sent with another header, or with other rows, is otherwise what was checked."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from airflow_provider_om_messaging.files.csv_streams import change_rows, open_csv_upload, replace_header

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from airflow_provider_om_messaging.files.csv_streams import CsvUpload

MARK = b"\xef\xbb\xbf"
ROWS = 'orders,"Orders\r\nof today"{end}payments,é{end}'


@pytest.fixture(params=["\n", "\r\n", "\r"])
def end(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["", "\ufeff", "\ufeff\r\n\n"], ids=["", "mark", "mark and empty lines"])
def upload(request: pytest.FixtureRequest, end: str) -> Iterator[CsvUpload]:
    with open_csv_upload(csv=f"{request.param}name*,description{end}{ROWS.format(end=end)}") as opened:
        yield opened


def check_facts(rewritten: CsvUpload, upload: CsvUpload, header: tuple[str, ...]) -> None:
    """Check what is said of an upload that stands at its beginning, and that all of it is at hand."""
    content = rewritten.body.read()
    assert rewritten.facts.bytes == len(content)
    assert rewritten.facts.byte_order_mark is False
    assert rewritten.facts.header == header
    assert (rewritten.facts.rows, rewritten.facts.sha256) == (2, upload.facts.sha256)
    assert rewritten.rewind().body.read() == content


def test_another_header_changes_the_header_alone(upload: CsvUpload, end: str) -> None:
    with replace_header(upload, ["name", "description"]) as rewritten:
        assert rewritten.body.read() == f"name,description{end}{ROWS.format(end=end)}".encode()
        check_facts(rewritten.rewind(), upload, ("name", "description"))


def test_the_same_header_changes_nothing(upload: CsvUpload) -> None:
    content = upload.body.read()
    with replace_header(upload, ["name*", "description"]) as rewritten:
        assert rewritten is upload
        assert rewritten.body.read() == content


def test_other_rows_are_written_whole(upload: CsvUpload) -> None:
    def change(row: Sequence[str]) -> Sequence[str]:
        return [row[0], "New, and\nlonger"] if row[0] == "payments" else row

    with change_rows(upload, change) as rewritten:
        assert rewritten.body.read() == (
            b'name*,description\norders,"Orders\r\nof today"\npayments,"New, and\nlonger"\n'
        )
        check_facts(rewritten.rewind(), upload, ("name*", "description"))


def test_rows_that_stay_as_they_are_change_nothing(upload: CsvUpload) -> None:
    content = upload.body.read()
    with change_rows(upload, list) as rewritten:
        assert rewritten is upload
        assert rewritten.body.read() == content


def test_the_header_is_no_row_to_be_changed(upload: CsvUpload) -> None:
    seen: list[str] = []
    with change_rows(upload, lambda row: seen.append(row[0]) or row):
        assert seen == ["orders", "payments"]


def test_an_upload_stands_at_its_beginning_once_its_limits_are_known(upload: CsvUpload) -> None:
    content = upload.body.read()
    assert upload.make_job_limit_fault() is None
    assert upload.body.read() == content


def test_what_is_rewritten_is_gone_afterwards(upload: CsvUpload) -> None:
    with ExitStack() as stack:
        renamed = stack.enter_context(replace_header(upload, ["name", "description"]))
        changed = stack.enter_context(change_rows(renamed, lambda row: [row[0], ""]))
    assert renamed.body.closed
    assert changed.body.closed
    assert not upload.body.closed

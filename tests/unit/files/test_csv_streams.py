"""What is sent is what was checked."""

from __future__ import annotations

import gzip
import hashlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.files.csv_streams import CsvMeter, measure_text, open_csv_upload
from airflow_provider_om_messaging.files.storage import Destination
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from tests.unit.files.stored import CSV, YESTERDAY
from tests.unit.replies import HTML
from tests.unit.tables import cut_into_pieces, tables, write_table

if TYPE_CHECKING:
    from pathlib import Path


class TestAnUpload:
    @given(tables(), st.booleans(), st.booleans())
    def test_exactly_the_checked_bytes_are_sent(
        self, tmp_path_factory: pytest.TempPathFactory, table: list[list[str]], marked: bool, packed: bool
    ) -> None:
        content = write_table(table)
        given_bytes = (b"\xef\xbb\xbf" if marked else b"") + content
        path = tmp_path_factory.getbasetemp() / ("x.csv.gz" if packed else "x.csv")
        path.write_bytes(gzip.compress(given_bytes) if packed else given_bytes)
        with open_csv_upload(source=str(path)) as upload:
            assert upload.body.read() == content
            assert upload.facts.rows == len(table) - 1
            assert upload.facts.byte_order_mark == marked
            assert upload.facts.sha256 == hashlib.sha256(given_bytes).hexdigest()

    def test_text_is_sent_as_utf8(self) -> None:
        with open_csv_upload(csv=CSV.decode()) as upload:
            assert upload.body.read() == CSV

    def test_a_file_that_changes_after_the_check_is_sent_as_it_was_checked(self, tmp_path: Path) -> None:
        path = tmp_path / "topics.csv"
        path.write_bytes(CSV)
        with open_csv_upload(source=str(path)) as upload:
            path.write_bytes(YESTERDAY)
            assert upload.body.read() == CSV

    @pytest.mark.parametrize(
        ("parameters", "words"),
        [
            ({}, "are both empty"),
            ({"source": None, "csv": None}, "are both empty"),
            ({"source": "", "csv": ""}, "are both empty"),
            ({"source": "a.csv", "csv": "name\r\na"}, "are both given"),
        ],
    )
    def test_it_takes_one_of_source_and_csv(self, parameters: dict[str, str], words: str) -> None:
        with (
            pytest.raises(Fault, match=rf"^source and csv {words}") as caught,
            open_csv_upload(**parameters),
        ):
            pass
        assert caught.value.cause is Cause.INVALID_PARAMETER

    def test_a_broken_file_is_named(self, tmp_path: Path) -> None:
        path = tmp_path / "broken.csv"
        path.write_bytes(CSV + b"one,two,three\r\n")
        with (
            pytest.raises(Fault, match=r"broken\.csv has a row of 3 cells in line 5") as caught,
            open_csv_upload(source=str(path)),
        ):
            pass
        assert caught.value.cause is Cause.INVALID_CSV

    def test_text_that_utf8_does_not_know_is_refused(self) -> None:
        with pytest.raises(Fault, match="position 8") as caught, open_csv_upload(csv="name\r\nab\ud800"):
            pass
        assert caught.value.cause is Cause.INVALID_CSV


class TestAnExportOnItsWay:
    @given(tables(), st.lists(st.integers(1, 9), min_size=1, max_size=4))
    def test_it_is_handed_on_unchanged_and_measured(self, table: list[list[str]], sizes: list[int]) -> None:
        content = write_table(table)
        meter = CsvMeter()
        assert b"".join(meter.check_chunks(cut_into_pieces(content, sizes))) == content
        facts = meter.written
        assert (facts.rows, facts.bytes) == (len(table) - 1, len(content))
        assert facts.sha256 == hashlib.sha256(content).hexdigest()
        assert measure_text(content.decode()) == facts
        assert facts.unchanged is False

    @pytest.mark.parametrize(
        "header",
        [
            b"name,description",
            b'name*,"description"',
            b"description,name\r\n",
            b"name,description,of later servers\n",
        ],
    )
    def test_a_service_without_topics_has_a_header(self, header: bytes) -> None:
        for sizes in ([1], [3], [100]):
            assert b"".join(CsvMeter().check_chunks(cut_into_pieces(header, sizes))) == header

    @pytest.mark.parametrize(
        ("chunks", "words"),
        [
            ([], "empty export"),
            ([b""], "empty export"),
            ([CSV[:-30]], "cut off: it has a quote that is never closed"),
            ([HTML], "HTML"),
            ([b" \n<html>", b"..."], "HTML"),
            ([b'{"code": 200, "message": "x"}'], "JSON"),
            ([b"[]"], "JSON"),
            ([b"name"], "its only line is not the header of one: name"),
            ([b"name, or service not known\n"], "not the header of one"),
            ([b'"name","x\ny"'], "not the header of one"),
            ([b"name,displayName,description,own"], "cut off: its header ends in 'own'"),
            ([b"name,description,", b"owner,tags,do"], "cut off: its header ends in 'do'"),
        ],
    )
    def test_what_is_no_whole_csv_does_not_replace_yesterdays_file(
        self, tmp_path: Path, chunks: list[bytes], words: str
    ) -> None:
        path = tmp_path / "topics.csv"
        path.write_bytes(YESTERDAY)
        with pytest.raises(Fault, match=words) as caught:
            Destination(str(path)).write(CsvMeter().check_chunks(chunks))
        assert caught.value.cause is Cause.UNEXPECTED_REPLY
        assert path.read_bytes() == YESTERDAY

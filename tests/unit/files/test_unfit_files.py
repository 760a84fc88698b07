"""Destinations and sources that do not serve are named before anything is sent."""

from __future__ import annotations

import gzip
import os
from typing import TYPE_CHECKING

import pytest

from airflow_provider_om_messaging.files.object_storage import explain_failure
from airflow_provider_om_messaging.files.storage import Destination, is_same_file, read_small_file
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from tests.unit.files.stored import CSV, YESTERDAY, other_user, read, refusal

if TYPE_CHECKING:
    from pathlib import Path


class TestADestinationThatDoesNotServe:
    def test_a_folder_that_does_not_exist(self, tmp_path: Path) -> None:
        missing = tmp_path / "missing"
        assert f"which create_parents=True makes: {missing} (" in refusal(f"{missing}/topics.csv")
        assert f"which create_parents=True makes: {missing} (" in refusal(f"{missing.as_uri()}/topics.csv")
        assert not missing.exists()

    def test_a_folder(self, tmp_path: Path) -> None:
        assert "is a folder" in refusal(str(tmp_path))
        assert "is a folder" in refusal(f"{tmp_path}/new/")
        assert os.listdir(tmp_path) == []

    @pytest.mark.parametrize("target", ["", " ", '""'])
    def test_nothing(self, target: str) -> None:
        # What a template makes of a variable that is not set, or tojson of an empty one; None alone
        # means "in XCom".
        assert "is empty (a template may have rendered to nothing)" in refusal(target)

    def test_a_device(self) -> None:
        # A worker that runs as root would replace it for the whole machine.
        assert "is a device" in refusal(os.devnull)

    @pytest.mark.parametrize(
        "name", ["a\0b.csv", "n" * 256, "n" * 5000, "a\ud800.csv", "d/" * 3000 + "a.csv"]
    )
    def test_a_name_that_no_file_can_have(self, tmp_path: Path, name: str) -> None:
        assert len(refusal(f"{tmp_path}/{name}")) < 600

    @pytest.mark.parametrize("leads_to", ["missing.csv", "missing/a.csv", "loop.csv", "a-file/x.csv"])
    def test_a_link_that_leads_nowhere(self, tmp_path: Path, leads_to: str) -> None:
        (tmp_path / "a-file").write_bytes(YESTERDAY)
        (tmp_path / "loop.csv").symlink_to("loop.csv")
        (tmp_path / "latest.csv").symlink_to(leads_to)
        assert "is a link that leads nowhere" in refusal(str(tmp_path / "latest.csv"))
        assert "cannot be written to" in refusal(str(tmp_path / "loop.csv" / "a.csv"))
        assert sorted(os.listdir(tmp_path)) == ["a-file", "latest.csv", "loop.csv"]

    def test_a_folder_that_is_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_bytes(YESTERDAY)
        assert "lies in a folder that does not exist" in refusal(str(tmp_path / "a.csv" / "b.csv"))

    @pytest.mark.parametrize("mode", [0o500, 0o300, 0o600])
    def test_a_folder_without_some_right(self, mode: int) -> None:
        with other_user() as folder:
            Destination(folder / "a.csv")
            folder.chmod(mode)
            assert "cannot be written to" in refusal(str(folder / "a.csv"))

    def test_a_pipe(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        assert "is a device or the like" in refusal(str(tmp_path / "pipe"))

    def test_a_storage_that_is_not_known(self) -> None:
        message = refusal("nosuch://bucket/topics.csv")
        assert message.endswith(": nosuch://bucket/topics.csv (nothing was sent)")
        assert "opens nosuch://… here: install the provider of that storage, with its library" in message

    @pytest.mark.parametrize(
        ("error", "explained"),
        [
            (ImportError("No module named 's3fs'"), "install apache-airflow-providers-amazon[s3fs]"),
            (ValueError("No known filesystem: s3"), "install apache-airflow-providers-amazon[s3fs]"),
            (ValueError("Connection aws is broken."), "Connection aws is broken"),
            (KeyError(), "KeyError"),
        ],
    )
    def test_a_storage_that_cannot_be_opened(self, error: Exception, explained: str) -> None:
        assert explain_failure(error, "S3://aws@bucket/topics.csv").endswith(explained)

    def test_a_file_url_with_a_host(self) -> None:
        # "file://exports/x.csv" would be "/x.csv".
        assert "names a host after file://" in refusal("file://exports/topics.csv")

    def test_its_password_is_not_shown(self) -> None:
        message = refusal("nosuch://me:hunter2@bucket/topics.csv")
        assert message.endswith("nosuch://me:***@bucket/topics.csv (nothing was sent)")
        assert "nosuch://aws_default@bucket/" in refusal("nosuch://aws_default@bucket/topics.csv")

    def test_the_home_of_nobody(self) -> None:
        assert "a user that does not exist" in refusal("~nosuchuser/topics.csv")

    def test_the_error_names_the_parameter(self, tmp_path: Path) -> None:
        refusal(str(tmp_path), "results_destination")

    @pytest.mark.parametrize(("size", "shown"), [(300, 300), (301, 299)])
    def test_of_a_long_name_the_beginning_is_shown(self, size: int, shown: int) -> None:
        target = "nosuch://bucket/".ljust(size, "x")
        assert refusal(target).endswith(f": {target[:shown]}{'…' if shown < size else ''} (nothing was sent)")

    def test_a_name_from_what_is_no_text(self, tmp_path: Path) -> None:
        for name in ("False.csv", "False.csv.gz", "False/topics.csv"):
            assert "has a part of its name from a bool" in refusal(f"{tmp_path}/{name}")


class TestASourceThatDoesNotServe:
    def test_it_is_larger_than_it_may_be(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_bytes(CSV)
        assert read_small_file(tmp_path / "a.csv", len(CSV)) == CSV
        with pytest.raises(Fault, match=rf"^source is larger than {len(CSV) - 1} bytes: {tmp_path}/a\.csv"):
            read_small_file(tmp_path / "a.csv", len(CSV) - 1)

    @pytest.mark.parametrize("name", ["missing.csv", "missing.csv.gz", "missing/topics.csv"])
    def test_it_is_missing(self, folder: str, name: str) -> None:
        with pytest.raises(Fault, match=r"^source does not exist: .*missing.* \(nothing") as caught:
            read(f"{folder}/{name}")
        assert caught.value.cause is Cause.INVALID_PARAMETER

    def test_its_folder_is_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_bytes(CSV)
        with pytest.raises(Fault, match="does not exist"):
            read(str(tmp_path / "a.csv" / "b.csv"))

    def test_it_is_a_folder(self, tmp_path: Path) -> None:
        with pytest.raises(Fault, match=r"^source is a folder"):
            read(str(tmp_path))

    @pytest.mark.parametrize("name", ["pipe", "pipe.gz", "device"])
    def test_it_has_no_end(self, tmp_path: Path, name: str) -> None:
        os.mkfifo(tmp_path / "pipe")
        os.mkfifo(tmp_path / "pipe.gz")
        (tmp_path / "device").symlink_to("/dev/zero")
        for place in (str(tmp_path / name), f"local://{tmp_path}/{name}"):
            with pytest.raises(Fault, match=r"^source is a pipe, a device or the like"):
                read(place)

    @pytest.mark.parametrize("name", ["a\0b.csv", "n" * 5000, "loop.csv", "a\ud800.csv"])
    def test_it_has_a_name_that_no_file_can_have(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "loop.csv").symlink_to("loop.csv")
        with pytest.raises(Fault, match=r"^source cannot be read") as caught:
            read(str(tmp_path / name))
        assert caught.value.cause is Cause.INVALID_PARAMETER
        assert not is_same_file(str(tmp_path / name), str(tmp_path / "a.csv"))

    def test_it_may_not_be_read(self) -> None:
        with other_user() as folder:
            path = folder / "a.csv"
            path.write_bytes(CSV)
            path.chmod(0o200)
            with pytest.raises(Fault, match=r"^source may not be read") as caught:
                read(str(path))
            assert caught.value.cause is Cause.INVALID_PARAMETER
            assert Destination(path).write([CSV]) is False
            path.chmod(0o400)
            assert path.read_bytes() == CSV

    @pytest.mark.parametrize(
        "content",
        [
            CSV,
            gzip.compress(CSV * 100)[:-9],
            gzip.compress(CSV)[:5],
            gzip.compress(CSV)[:10] + b"\xff" * 40,
            gzip.compress(CSV)[:-8] + b"\0" * 8,
        ],
        ids=["not packed", "cut off", "cut off early", "damaged", "wrong checksum"],
    )
    def test_it_is_no_gzip_file(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "a.csv.gz"
        path.write_bytes(content)
        with pytest.raises(Fault, match=r"^source is named .gz but is not a whole gzip file"):
            read(str(path))

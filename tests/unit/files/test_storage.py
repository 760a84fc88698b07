"""Files appear whole or not at all."""

from __future__ import annotations

import gzip
import os
import random
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.common.compat.sdk import ObjectStoragePath

from airflow_provider_om_messaging.files.csv_streams import open_csv_upload
from airflow_provider_om_messaging.files.local_files import create_temporary_file, create_temporary_folder
from airflow_provider_om_messaging.files.storage import Destination, open_source
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from tests.object_storage import attach_bucket
from tests.unit.files.stored import CSV, YESTERDAY, Storage, broken_off, full_disk, read
from tests.unit.tables import cut_into_pieces

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.mark.parametrize("name", ["topics.csv", "topics.csv.gz", "a b%20é.csv"])
def test_what_is_written_is_read_back(folder: str, name: str) -> None:
    for content in (YESTERDAY, CSV):
        for is_there in (False, True):
            assert Destination(f"{folder}/{name}").write(cut_into_pieces(content, [7])) is is_there
            assert read(f"{folder}/{name}") == content


@pytest.mark.parametrize("name", ["topics.csv", "topics.csv.gz"])
def test_a_failure_in_the_middle_leaves_yesterdays_file_and_nothing_else(
    folder: str, name: str, tmp_path: Path
) -> None:
    Destination(f"{folder}/{name}").write([YESTERDAY])
    files = os.listdir(tmp_path)
    with pytest.raises(ConnectionError):
        Destination(f"{folder}/{name}").write(broken_off())
    assert read(f"{folder}/{name}") == YESTERDAY
    assert os.listdir(tmp_path) == files


@pytest.mark.parametrize("name", ["topics.csv", "topics.csv.gz"])
def test_a_failure_in_the_middle_of_a_first_export_leaves_nothing(
    folder: str, name: str, tmp_path: Path
) -> None:
    with pytest.raises(ConnectionError):
        Destination(f"{folder}/{name}").write(broken_off())
    assert os.listdir(tmp_path) == []
    with pytest.raises(Fault, match=r"^source does not exist"):
        read(f"{folder}/{name}")


def test_an_upload_that_fails_leaves_yesterdays_object(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    target = f"{bucket}/topics.csv"
    Destination(target).write([YESTERDAY])
    monkeypatch.setattr(Storage, "full", True)
    with pytest.raises(
        Fault, match=r"could not be written; what was there before stays \(no space"
    ) as caught:
        Destination(target).write([CSV])
    assert caught.value.cause is Cause.NOT_WRITTEN
    monkeypatch.undo()
    assert read(target) == YESTERDAY


def test_of_an_object_some_megabytes_are_held_at_a_time() -> None:
    sizes: set[int] = set()

    class Parts(Storage):
        def _open(self, path: str, mode: str = "rb", block_size: Any = None, **kwargs: Any) -> Any:
            sizes.add(block_size)
            return super()._open(path, mode, block_size=block_size, **kwargs)

    target = f"{attach_bucket(Parts())}/topics.csv"
    for content in (CSV, CSV[::-1]):
        Destination(target).write([content])
        assert read(target) == content
    # Amazon S3 takes no smaller parts than of 5 MiB.
    assert all(5 * 2**20 <= size <= 16 * 2**20 for size in sizes)


def test_of_a_file_less_than_a_megabyte_is_held_at_a_time(folder: str) -> None:
    Destination(f"{folder}/topics.csv").write([b"x" * 2**21])
    with open_source(f"{folder}/topics.csv") as chunks:
        assert max(map(len, chunks)) < 2**20


def test_an_upload_whose_end_fails_is_none() -> None:
    class Unfinished(Storage):
        def _open(self, path: str, mode: str = "rb", **kwargs: Any) -> Any:
            file = super()._open(path, mode, **kwargs)
            if mode == "wb":
                file.close = self.fail_to_close
            return file

        def fail_to_close(self) -> None:
            raise OSError("EntityTooSmall")

    with pytest.raises(Fault, match="EntityTooSmall"):
        Destination(f"{attach_bucket(Unfinished())}/topics.csv").write([CSV])


def test_the_same_export_gives_the_same_compressed_file(tmp_path: Path) -> None:
    for name, size in (("a.csv.gz", 3), ("b.csv.gz", 1000)):
        Destination(str(tmp_path / name)).write(cut_into_pieces(CSV * 50, [size]))
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()
    with gzip.open(tmp_path / "a.csv.gz") as file:
        assert file.read() == CSV * 50
        assert file.mtime == 0


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "2026-09-14.csv").write_bytes(YESTERDAY)
    (tmp_path / "latest.csv").symlink_to("2026-09-14.csv")
    Destination(str(tmp_path / "latest.csv")).write([CSV])
    assert (tmp_path / "latest.csv").is_symlink()
    assert (tmp_path / "2026-09-14.csv").read_bytes() == CSV


@pytest.mark.parametrize("scheme", ["file", "local"])
@pytest.mark.parametrize("name", ["a b%20é.csv", "50%.csv", "a#b?c.csv", "100%25.csv"])
def test_a_url_of_this_machine_means_what_airflow_takes_it_for(
    tmp_path: Path, name: str, scheme: str
) -> None:
    url = f"{scheme}://{tmp_path}/{name}"
    Destination(url).write([CSV])
    assert (tmp_path / name).read_bytes() == CSV
    theirs = ObjectStoragePath(f"file://{tmp_path}/{name}")  # on 2.11 it knows no other scheme
    assert theirs.read_bytes() == CSV
    theirs.write_bytes(YESTERDAY)
    assert read(url) == YESTERDAY


def test_the_mode_of_a_file_is_kept_and_a_new_ones_is_the_usual(tmp_path: Path) -> None:
    umask = os.umask(0o026)
    try:
        for name, mode in (("new.csv", 0o640), ("shared.csv", 0o664), ("secret.csv", 0o600)):
            path = tmp_path / name
            if name != "new.csv":
                path.write_bytes(YESTERDAY)
                path.chmod(mode)
            Destination(str(path)).write([CSV])
            assert path.read_bytes() == CSV
            assert path.stat().st_mode & 0o777 == mode
    finally:
        os.umask(umask)


class TestThePartBesideADestination:
    def test_a_planted_link_is_not_followed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        # As it would be if somebody had guessed the name: the folder may be one that many can write to.
        victim = tmp_path / "victim"
        victim.write_bytes(YESTERDAY)
        monkeypatch.setattr("secrets.token_hex", lambda size: "0" * 2 * size)
        (tmp_path / f".om-messaging-{'0' * 16}.part").symlink_to(victim)
        with pytest.raises(Fault) as caught:
            Destination(str(tmp_path / "topics.csv")).write([CSV])
        assert caught.value.cause is Cause.NOT_WRITTEN
        assert victim.read_bytes() == YESTERDAY
        assert not (tmp_path / "topics.csv").exists()

    @pytest.mark.parametrize("same_process_id", [True, False])
    def test_two_writers_at_once_never_mix(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, same_process_id: bool
    ) -> None:
        # Two containers on one volume often have the same process id.
        path = tmp_path / "topics.csv"
        seen: set[str] = set()

        def slowly(content: bytes, other: bytes | None = None) -> Iterator[bytes]:
            yield content[:20]
            if other is not None:
                Destination(str(path)).write(slowly(other))
                assert path.read_bytes() == other
            seen.update(os.listdir(tmp_path))
            yield content[20:]

        if same_process_id:
            monkeypatch.setattr(os, "getpid", lambda: 7)
        Destination(str(path)).write(slowly(CSV, YESTERDAY * 3))
        assert path.read_bytes() == CSV
        assert os.listdir(tmp_path) == ["topics.csv"]
        assert len(seen - {"topics.csv"}) == 2

    def test_its_name_is_no_longer_than_the_system_takes(self, tmp_path: Path) -> None:
        name = "n" * 251 + ".csv"
        Destination(str(tmp_path / name)).write([CSV])
        assert os.listdir(tmp_path) == [name]

    @pytest.mark.parametrize("name", ["topics.csv", "topics.csv.gz"])
    @pytest.mark.parametrize("size", [1, 1000, 300_000])
    def test_a_full_disk_leaves_yesterdays_file(self, tmp_path: Path, name: str, size: int) -> None:
        path = tmp_path / name
        path.write_bytes(YESTERDAY)
        before = path.stat()
        noise = random.Random(1).randbytes(400_000)  # noqa: S311  # what no compression makes smaller
        with full_disk(), pytest.raises(Fault, match=r"before stays \(File too large\)") as caught:
            Destination(str(path)).write(noise[at : at + size] for at in range(0, len(noise), size))
        assert caught.value.cause is Cause.NOT_WRITTEN
        assert path.read_bytes() == YESTERDAY
        assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
        assert os.listdir(tmp_path) == [name]


def test_a_full_disk_is_named_where_an_upload_is_checked() -> None:
    text = "name,x\r\n" + "orders,y\r\n" * 90_000
    words = r"temporary file could not be written.*File too large"
    with full_disk(), pytest.raises(Fault, match=words) as caught, open_csv_upload(csv=text):
        pass
    assert caught.value.cause is Cause.NOT_WRITTEN


def test_what_is_there_is_left_as_it_is_if_it_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "topics.csv"
    path.write_bytes(CSV)
    for content, is_there in ((CSV, True), (CSV[::-1], False), (CSV, False)):
        before = path.stat()
        assert Destination(path).write([content]) is is_there
        assert (path.stat().st_ino == before.st_ino) is is_there
        assert path.read_bytes() == content


def test_folders_are_made_where_that_is_wanted(tmp_path: Path) -> None:
    for _ in range(2):
        Destination(tmp_path / "new" / "deep" / "topics.csv", create_parents=True).write([CSV])
    assert (tmp_path / "new" / "deep" / "topics.csv").read_bytes() == CSV
    no_name = "no file can have such a name"
    for name, reason in (("new/deep/topics.csv", "Not a directory"), ("a\0b", no_name)):
        message = rf"^plan lies in a folder that cannot be made \({reason}\): '?{tmp_path}"
        with pytest.raises(Fault, match=message) as caught:
            Destination(tmp_path / name / "new" / "topics.csv", "plan", create_parents=True)
        assert caught.value.cause is Cause.INVALID_PARAMETER


def test_no_file_stays_open_or_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def find_free_descriptor() -> int:
        descriptor = os.open(tmp_path, os.O_DIRECTORY)
        os.close(descriptor)
        return descriptor

    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    before = find_free_descriptor()
    for content in (CSV, CSV, YESTERDAY):
        Destination(tmp_path / "topics.csv").write([content])
    with pytest.raises(ConnectionError):
        Destination(tmp_path / "topics.csv").write(broken_off())
    with pytest.raises(Fault, match="is a folder"):
        read(str(tmp_path))
    with create_temporary_file() as file:
        file.write(CSV)
        assert os.listdir(tmp_path / "temporary") == []
    assert find_free_descriptor() == before


def test_a_temporary_folder_says_whose_it_is_and_fails_no_task_that_is_done(tmp_path: Path) -> None:
    with create_temporary_folder() as name:
        Path(name, "deep").mkdir()
        assert Path(name).name.startswith("om-messaging-")
    assert not Path(name).exists()
    with create_temporary_folder() as name:
        Path(name).rename(tmp_path / "elsewhere")
        Path(name).write_bytes(b"what is in the way")
    Path(name).unlink()


def test_home_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    Destination("~/topics.csv").write([CSV])
    assert (tmp_path / "topics.csv").read_bytes() == CSV
    assert read("~/topics.csv") == CSV


@pytest.mark.parametrize(
    "name",
    [
        "None",
        "None.csv",
        "None.csv.gz",
        "topics-None.csv",
        "topics_None_2024.csv",
        ".None",
        "None/topics.csv",
    ],
)
def test_no_file_is_named_after_a_none(tmp_path: Path, name: str) -> None:
    (tmp_path / "None").mkdir()
    for target in (f"{tmp_path}/{name}", tmp_path / name, f"file://{tmp_path}/{name}"):
        with pytest.raises(Fault, match=r"^destination has come to nothing in a part of its name: .*None"):
            Destination(target)


@pytest.mark.parametrize("url", ["s3://None/x.csv", "s3://aws@None/x.csv", "s3://None@bucket/x.csv"])
def test_no_storage_is_named_after_a_none(url: str) -> None:
    with pytest.raises(Fault, match=r"^destination has come to nothing in a part of its name: s3"):
        Destination(url)


@pytest.mark.parametrize("name", ["Nonesuch.csv", "none.csv", "toNone.csv", "None of it/topics.csv"])
def test_other_names_may_have_a_none_in_them(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    Destination(path).write([b"name"])
    assert path.read_bytes() == b"name"


@pytest.mark.parametrize("target", [{"a": 1}, ["a"], 5, b"a", None])
def test_a_destination_of_a_wrong_type_is_named(target: Any) -> None:
    with pytest.raises(
        Fault, match=f"^destination is a {type(target).__name__}, and has to be a text or a path"
    ):
        Destination(target)

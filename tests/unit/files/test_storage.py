"""Files appear whole or not at all, and what is sent is what was checked."""

from __future__ import annotations

import gzip
import hashlib
import os
import random
import resource
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from airflow.providers.common.compat.sdk import ObjectStoragePath
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.files.csv_streams import CsvMeter, csv_upload, measure_text
from airflow_provider_om_messaging.files.storage import Destination, is_same_file, open_source
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from tests.unit.replies import HTML
from tests.unit.tables import pieces, tables, written

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CSV = 'name,description\r\norders,"Orders, 事件\r\nof today"\r\npayments,\r\n'.encode()
YESTERDAY = b"name,description\r\nold,\r\n"


def broken_off() -> Iterator[bytes]:
    yield CSV[:20]
    yield CSV[20:30]
    raise ConnectionError("the server went away")


def read(path: str) -> bytes:
    with open_source(path) as chunks:
        return b"".join(chunks)


def refusal(target: str, parameter: str = "destination") -> str:
    with pytest.raises(Fault) as caught:
        Destination(target, parameter)
    assert caught.value.cause is Cause.INVALID_PARAMETER
    assert caught.value.message.startswith(f"{parameter} ")
    assert caught.value.message.endswith(("Nothing was sent.", "(nothing was sent)"))
    return caught.value.message


@contextmanager
def full_disk() -> Iterator[None]:
    """Let no file of this process grow beyond a thousand bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


class Storage(MemoryFileSystem):  # type: ignore[misc]  # fsspec is untyped
    """An object storage that can be full."""

    full = False

    def _open(self, *args: Any, **kwargs: Any) -> Any:
        if self.full:
            raise OSError("no space left")
        return super()._open(*args, **kwargs)


@pytest.fixture
def storage() -> Storage:
    """Make the storage known to Airflow, as a provider such as Amazon's does for its own."""
    try:
        from airflow.sdk.io import attach
    except ImportError:
        from airflow.io.store import attach
    storage = Storage()
    attach("memory", "storage", fs=storage)
    return storage


@pytest.fixture(params=["plain", "file", "storage"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, storage: Storage) -> str:
    """Return a folder as users write it: a path, a URL of this machine, a URL of an object storage."""
    roots = {"plain": str(tmp_path), "file": tmp_path.as_uri()}
    return roots.get(request.param, f"memory://storage@bucket-{uuid4().hex}")


@pytest.mark.parametrize("name", ["topics.csv", "topics.csv.gz", "a b%20é.csv"])
def test_what_is_written_is_read_back(folder: str, name: str) -> None:
    for content in (YESTERDAY, CSV):
        Destination(f"{folder}/{name}").write(pieces(content, [7]))
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


def test_an_upload_that_fails_leaves_yesterdays_object(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = f"memory://storage@bucket-{uuid4().hex}/topics.csv"
    Destination(target).write([YESTERDAY])
    monkeypatch.setattr(Storage, "full", True)
    with pytest.raises(
        Fault, match=r"could not be written; what was there before stays \(no space"
    ) as caught:
        Destination(target).write([CSV])
    assert caught.value.cause is Cause.NOT_WRITTEN
    monkeypatch.undo()
    assert read(target) == YESTERDAY


def test_the_same_export_gives_the_same_compressed_file(tmp_path: Path) -> None:
    for name, size in (("a.csv.gz", 3), ("b.csv.gz", 1000)):
        Destination(str(tmp_path / name)).write(pieces(CSV * 50, [size]))
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()
    assert gzip.decompress((tmp_path / "a.csv.gz").read_bytes()) == CSV * 50


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "2026-09-14.csv").write_bytes(YESTERDAY)
    (tmp_path / "latest.csv").symlink_to("2026-09-14.csv")
    Destination(str(tmp_path / "latest.csv")).write([CSV])
    assert (tmp_path / "latest.csv").is_symlink()
    assert (tmp_path / "2026-09-14.csv").read_bytes() == CSV


@pytest.mark.parametrize("name", ["a b%20é.csv", "50%.csv", "a#b?c.csv", "100%25.csv"])
def test_a_url_of_this_machine_means_what_airflow_takes_it_for(tmp_path: Path, name: str) -> None:
    url = f"file://{tmp_path}/{name}"
    Destination(url).write([CSV])
    assert (tmp_path / name).read_bytes() == CSV
    assert ObjectStoragePath(url).read_bytes() == CSV
    ObjectStoragePath(url).write_bytes(YESTERDAY)
    assert read(url) == YESTERDAY


def test_the_mode_of_a_file_is_kept_and_a_new_ones_is_the_usual(tmp_path: Path) -> None:
    umask = os.umask(0o027)
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
    with full_disk(), pytest.raises(Fault, match=words) as caught, csv_upload(csv=text):
        pass
    assert caught.value.cause is Cause.NOT_WRITTEN


def test_home_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    Destination("~/topics.csv").write([CSV])
    assert (tmp_path / "topics.csv").read_bytes() == CSV
    assert read("~/topics.csv") == CSV


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

    @pytest.mark.parametrize("target", ["", " "])
    def test_nothing(self, target: str) -> None:
        # What a template makes of a variable that is not set; None alone means "in XCom".
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

    def test_a_pipe(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        assert "is a device or the like" in refusal(str(tmp_path / "pipe"))

    def test_a_storage_that_is_not_known(self) -> None:
        assert ": nosuch://bucket/topics.csv (nothing was sent)" in refusal("nosuch://bucket/topics.csv")

    def test_a_file_url_with_a_host(self) -> None:
        # "file://exports/x.csv" would be "/x.csv".
        assert "names a host after file://" in refusal("file://exports/topics.csv")

    def test_the_home_of_nobody(self) -> None:
        assert "a user that does not exist" in refusal("~nosuchuser/topics.csv")

    def test_the_error_names_the_parameter(self, tmp_path: Path) -> None:
        refusal(str(tmp_path), "results_destination")


class TestASourceThatDoesNotServe:
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
        with pytest.raises(Fault, match=r"^source is a pipe, a device or the like"):
            read(str(tmp_path / name))

    @pytest.mark.parametrize("name", ["a\0b.csv", "n" * 5000, "loop.csv", "a\ud800.csv"])
    def test_it_has_a_name_that_no_file_can_have(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "loop.csv").symlink_to("loop.csv")
        with pytest.raises(Fault, match=r"^source cannot be read") as caught:
            read(str(tmp_path / name))
        assert caught.value.cause is Cause.INVALID_PARAMETER
        assert not is_same_file(str(tmp_path / name), str(tmp_path / "a.csv"))

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
    def test_it_may_not_be_read(self, tmp_path: Path) -> None:
        path = tmp_path / "a.csv"
        path.write_bytes(CSV)
        path.chmod(0)
        with pytest.raises(Fault, match=r"^source may not be read"):
            read(str(path))

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


class TestAnUpload:
    @given(tables(), st.booleans(), st.booleans())
    def test_exactly_the_checked_bytes_are_sent(
        self, tmp_path_factory: pytest.TempPathFactory, table: list[list[str]], marked: bool, packed: bool
    ) -> None:
        content = written(table)
        given_bytes = (b"\xef\xbb\xbf" if marked else b"") + content
        path = tmp_path_factory.getbasetemp() / ("x.csv.gz" if packed else "x.csv")
        path.write_bytes(gzip.compress(given_bytes) if packed else given_bytes)
        with csv_upload(source=str(path)) as upload:
            assert upload.body.read() == content
            assert upload.facts.rows == len(table) - 1
            assert upload.facts.byte_order_mark == marked
            assert upload.facts.sha256 == hashlib.sha256(given_bytes).hexdigest()

    def test_text_is_sent_as_utf8(self) -> None:
        with csv_upload(csv=CSV.decode()) as upload:
            assert upload.body.read() == CSV

    def test_a_file_that_changes_after_the_check_is_sent_as_it_was_checked(self, tmp_path: Path) -> None:
        path = tmp_path / "topics.csv"
        path.write_bytes(CSV)
        with csv_upload(source=str(path)) as upload:
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
            csv_upload(**parameters),
        ):
            pass
        assert caught.value.cause is Cause.INVALID_PARAMETER

    def test_a_broken_file_is_named(self, tmp_path: Path) -> None:
        path = tmp_path / "broken.csv"
        path.write_bytes(CSV + b"one,two,three\r\n")
        with (
            pytest.raises(Fault, match=r"broken\.csv has a row of 3 cells in line 5") as caught,
            csv_upload(source=str(path)),
        ):
            pass
        assert caught.value.cause is Cause.INVALID_CSV

    def test_text_that_utf8_does_not_know_is_refused(self) -> None:
        with pytest.raises(Fault, match="position 8") as caught, csv_upload(csv="name\r\nab\ud800"):
            pass
        assert caught.value.cause is Cause.INVALID_CSV


class TestAnExportOnItsWay:
    @given(tables(min_rows=0), st.lists(st.integers(1, 9), min_size=1, max_size=4))
    def test_it_is_handed_on_unchanged_and_measured(self, table: list[list[str]], sizes: list[int]) -> None:
        content = written(table)
        meter = CsvMeter()
        assert b"".join(meter.check_chunks(pieces(content, sizes))) == content
        facts = meter.written
        assert (facts.rows, facts.bytes) == (len(table) - 1, len(content))
        assert facts.sha256 == hashlib.sha256(content).hexdigest()
        assert measure_text(content.decode()) == facts

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

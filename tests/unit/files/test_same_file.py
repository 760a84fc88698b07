"""Whether a results file would be written over the file that is being imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_om_messaging.files.path_text import to_text
from airflow_provider_om_messaging.files.storage import is_same_file, read_file_rows

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_one_file_is_known_under_all_its_names(tmp_path: Path) -> None:
    file = tmp_path / "kafka.csv"
    file.write_text("name\n")
    (tmp_path / "link.csv").symlink_to(file)
    names = [
        str(file),
        f"{tmp_path}/./kafka.csv",
        f"{tmp_path}/../{tmp_path.name}/kafka.csv",
        file.as_uri(),
        f"file://localhost{file}",
        f"local://{file}",
        str(tmp_path / "link.csv"),
    ]
    for name in names:
        assert is_same_file(str(file), name)
        assert is_same_file(name, str(file))


def test_a_path_from_here_and_one_from_home_are_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert is_same_file("kafka.csv", str(tmp_path / "kafka.csv"))
    assert is_same_file("~/kafka.csv", "kafka.csv")


def test_two_files_are_not_one(tmp_path: Path) -> None:
    assert not is_same_file(str(tmp_path / "kafka.csv"), str(tmp_path / "results.csv"))
    assert not is_same_file("s3://aws@bucket/kafka.csv", "s3://aws@bucket/results.csv")
    assert not is_same_file("s3://aws@bucket/kafka.csv", "s3://aws@other/kafka.csv")


def test_a_file_here_is_never_an_object_elsewhere(tmp_path: Path) -> None:
    path = str(tmp_path / "kafka.csv")
    assert not is_same_file(path, f"s3:/{path}")
    assert not is_same_file(f"s3:/{path}", path)


def test_a_name_that_no_file_can_have_is_no_files_name() -> None:
    assert is_same_file("a\0b", "a\0b") is False


def test_one_object_is_itself() -> None:
    assert is_same_file("s3://aws@bucket/kafka.csv", "s3://aws@bucket/kafka.csv")


def test_a_path_object_becomes_text_and_nothing_else_does(tmp_path: Path) -> None:
    assert to_text(tmp_path) == str(tmp_path)
    assert to_text(None) is None
    assert to_text(7) == 7


def test_rows_come_with_the_lines_that_they_begin_in(tmp_path: Path) -> None:
    file = tmp_path / "kafka.csv"
    file.write_bytes(b'name,description\r\na,"two\r\nlines"\r\nb,\r\n')
    rows = [(line, list(row)) for line, row in read_file_rows(str(file), "file")]
    assert rows == [(1, ["name", "description"]), (2, ["a", "two\r\nlines"]), (4, ["b", ""])]

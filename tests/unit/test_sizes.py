"""Files that can be read at a sitting, in folders that can be looked over."""

from __future__ import annotations

from collections import Counter

from tests.conftest import ROOT

FOLDERS = ("airflow_provider_om_messaging", "benchmarks", "example_dags", "tests", "tools")
MOST_LINES = 350
MOST_FILES = 14

FILES = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]


def test_no_file_is_longer_than_a_reader_takes_in() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in FILES}
    assert {path: lines for path, lines in lengths.items() if lines > MOST_LINES} == {}


def test_no_folder_holds_more_files_than_a_reader_looks_over() -> None:
    modules = Counter(str(path.parent.relative_to(ROOT)) for path in FILES if path.name != "__init__.py")
    assert {folder: files for folder, files in modules.items() if files > MOST_FILES} == {}

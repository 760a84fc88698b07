"""What the header of a file says: its columns, and which kind of file it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_om_messaging.protocol.csv.columns import COLUMNS, DEFAULT, DOCUMENTED, SCHEMA_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def take_header(records: Iterator[tuple[int, Sequence[str]]]) -> Sequence[str]:
    """Return the header, which is the first of a file's records; an empty file has none."""
    return next((row for _, row in records), ())


def list_column_names(header: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the columns, without the ``*`` that marks those that may not be empty."""
    return tuple(name.removesuffix("*") for name in header)


def detect_kind(header: Sequence[str]) -> str:
    """
    Return what kind of file a CSV is by its header: a key of :data:`COLUMNS`, the default for any other file.

    :param header: its first record; a ``*`` that marks a required column is no part of the name.
    """
    return next((kind for kind, columns in COLUMNS.items() if columns == list_column_names(header)), DEFAULT)


def find_nearest_columns(header: Sequence[str]) -> tuple[str, ...]:
    """
    Return the columns that a file with a wrong header was most likely to have; those of a right one.

    :param header: as for :func:`detect_kind`.
    """
    names, topics, fields = set(list_column_names(header)), set(DOCUMENTED), set(SCHEMA_FIELDS)
    # A file of topics that lacks columns is nearer to one of topics, though fields have fewer of them.
    is_about_fields = bool(names & (fields - topics)) and not names & (topics - fields)
    kinds = [columns for columns in COLUMNS.values() if is_about_fields or columns != SCHEMA_FIELDS]
    return min(kinds, key=lambda columns: len(names.symmetric_difference(columns)))

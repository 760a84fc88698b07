"""Cutting a CSV into smaller ones that are whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_om_messaging.protocol.csv.dialect import format_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    Row = tuple[int, Sequence[str]]


def split_into_batches(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    """
    Yield the rows in groups, in order.

    :param rows: with the lines that they begin in, without the header.
    :param size: rows in a group; the last may have fewer.
    """
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def format_csv(header: Sequence[str], rows: Iterable[Row]) -> str:
    """Return rows as a CSV of their own."""
    return "".join(map(format_record, [header, *(row for _, row in rows)]))

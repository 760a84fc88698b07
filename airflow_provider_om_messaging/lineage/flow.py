"""What a task has read and written, in terms of neither OpenLineage nor assets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_om_messaging.lineage.dataset_names import DatasetName


@dataclass(frozen=True)
class LineageDataset:
    """
    Something that was read or written.

    :param name: where it lies.
    :param rows: how many were read or written; None if that is not known.
    :param bytes: how many were written; None if that is not known.
    :param version: the service's version, or the digest of a file.
    """

    name: DatasetName
    rows: int | None = None
    bytes: int | None = None
    version: str | None = None


@dataclass(frozen=True)
class Flow:
    """
    Where a task's data came from and went to.

    :param inputs: what was read for its content.
    :param outputs: what the task is there to write.
    :param changed: what has changed by it, for the events of alias outlets; None if nothing has.
    :param facts: what the events of outlets say of it: single values, as Airflow 2.11 hashes them.
    """

    inputs: tuple[LineageDataset, ...] = ()
    outputs: tuple[LineageDataset, ...] = ()
    changed: DatasetName | None = None
    facts: dict[str, Any] = field(default_factory=dict)

"""How an import that ended in the middle says so, with what is known of its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_om_messaging.protocol.wire.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_om_messaging.protocol.imports.verdict import Verdict


class ImportStoppedFault(Fault):
    """
    A failure that ended an import in the middle.

    :param fault: what failed.
    :param message: what to say about it.
    :param verdicts: on all rows: ``skipped`` was not sent, ``unknown`` may or may not be applied.
    """

    def __init__(self, fault: Fault, message: str, verdicts: Sequence[Verdict]) -> None:
        super().__init__(
            fault.cause,
            message,
            status=fault.status,
            retry_after=fault.retry_after,
            transient=fault.transient,
        )
        self.verdicts = verdicts

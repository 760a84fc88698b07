"""What the laws of files try: exports, dry runs, imports with verify, and plans, by one engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_om_messaging.files.csv_streams import open_csv_upload
from airflow_provider_om_messaging.operators.support.imports.import_outcome import FileImport
from airflow_provider_om_messaging.operators.support.server_rows import compare_with_server
from airflow_provider_om_messaging.protocol.imports.row_verdicts import check_verified
from airflow_provider_om_messaging.protocol.imports.verdict import parse_verdicts

if TYPE_CHECKING:
    from airflow_provider_om_messaging.hooks.engines import Engine
    from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
    from airflow_provider_om_messaging.protocol.plan.diff import Plan


class Trial:
    """
    One service, and what is done to it.

    :param hook: asks its server.
    :param service: its FQN.
    :param engine: does it.
    """

    def __init__(self, hook: OpenMetadataMessagingHook, service: str, engine: Engine) -> None:
        self.hook = hook
        self.engine = engine
        self._service = service

    def export(self) -> str:
        return self.hook.export_csv(self._service, engine=self.engine)

    def load(self, text: str, dry_run: bool) -> dict[str, tuple[str, str]]:
        with open_csv_upload(csv=text) as upload:
            result = self.hook.import_csv(self._service, upload, dry_run, engine=self.engine)
            verdicts = parse_verdicts(result.results_csv)
            if not dry_run:
                # What ``verify`` does: it raises for a row that the verdict calls good and that is not there.
                file = FileImport(self.hook, self._service, upload, self.engine, None)
                check_verified(file.list_differing(), verdicts, result)
        return {item.row: (item.status, item.details) for item in verdicts}

    def plan(self, text: str) -> Plan:
        with open_csv_upload(csv=text) as upload:
            return compare_with_server(self.hook, self._service, self.engine, upload)

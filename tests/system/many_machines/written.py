"""What the example DAGs write into the bucket and the server: whole, and just what they have reported."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from typing import TYPE_CHECKING, Any

from example_dags.gated_import import CATALOGUE

if TYPE_CHECKING:
    from tests.system.many_machines.runs import Runs
    from tests.system.server_of_many import ServerOfMany

Rows = list[dict[str, str]]


class Written:
    """
    The files of a folder, each to be taken once, beside what the server had when this was made.

    :param bucket: where the folder is.
    :param folder: its name.
    :param server: what it has now is what was written there.
    """

    def __init__(self, bucket: Any, folder: str, server: ServerOfMany) -> None:
        self._bucket, self._folder, self._server = bucket, folder, server
        self._before = [server.export(service) for service in server.services]
        self._taken = set[str]()

    @property
    def not_taken(self) -> set[str]:
        """Return the names of the files that nobody has named."""
        return {file.key for file in self._bucket.objects.filter(Prefix=f"{self._folder}/")} - self._taken

    @property
    def unchanged(self) -> set[int]:
        """Return the numbers of the services of which the catalogue knows nothing that they lack."""
        return {index for index in range(len(self._before)) if not self._list_changed(index)}

    def last_night(self, store: str) -> list[dict[str, str]]:
        """Write an export of an earlier night for each service; return where a run finds it."""
        for service, text in zip(self._server.services, self._before, strict=True):
            key = f"{self._folder}/{service}/nightly_export/2026-01-01/{service}.csv.gz"
            self._bucket.put_object(Key=key, Body=gzip.compress(text))
            self._taken.add(key)
        return [{"service": service, "store": f"{store}/{service}"} for service in self._server.services]

    def check_exports(self, runs: Runs, step: str) -> None:
        """Each service was exported as it was before its import, or after."""
        for index, service in enumerate(self._server.services):
            answer = runs.result(step, index)
            text = self._take(answer["destination"])
            assert text in {self._before[index], self._server.export(service)}
            assert (answer["rows"], answer["sha256"]) == (len(_rows(text)), hashlib.sha256(text).hexdigest())

    def check_metadata(self, runs: Runs, step: str) -> None:
        """What is said of each service itself lies in a file of its own."""
        for index, service in enumerate(self._server.services):
            answer = runs.result(step, index)
            content = self._take(answer["destination"])
            assert answer["sha256"] == hashlib.sha256(content).hexdigest()
            assert json.loads(content)["service"] == answer["service"] == service

    def check_verdicts(self, runs: Runs, step: str) -> None:
        """Each service would take all of its rows."""
        for index, text in enumerate(self._before):
            answer = runs.result(step, index)
            expected = (True, len(_rows(text)), 0)
            assert (answer["dry_run"], answer["rows_passed"], answer["rows_failed"]) == expected

    def check_reports(self, runs: Runs) -> None:
        """Each report says what the import has changed, if it was made after that, else nothing."""
        for index, service in enumerate(self._server.services):
            now = hashlib.sha256(self._server.export(service)).hexdigest()
            is_after = runs.result("export", index)["sha256"] == now
            self._check_plan(runs.result("compare", index), self._list_changed(index) if is_after else [])

    def check_imports(self, runs: Runs) -> int:
        """
        Each topic is as the catalogue has it and was changed once, and every file is of just that.

        Return how many imports were sent again, as by a task that died before it could report the first.
        """
        again = 0
        for index, apply in enumerate(runs.tasks("apply")):
            service = self._server.services[index]
            folder = runs.result("export", index)["destination"].removesuffix("/exported.csv")
            changed, sent = self._list_changed(index), len(self._server.imports_at_once(service))
            rows = self._complete_rows(index)
            versions = {row["name"]: 0.2 if row in changed else 0.1 for row in rows}
            assert (_rows(self._server.export(service)), self._server.versions(service)) == (rows, versions)
            assert (1 if changed else 0) <= sent <= (apply.tries if changed else 0), runs.describe()
            again += max(0, sent - 1)
            assert self._take(f"{folder}/exported.csv") == self._before[index]
            if not changed:
                continue
            file, planned = self._take(f"{folder}/completed.csv"), runs.result("plan", index)
            assert (_rows(file), hashlib.sha256(file).hexdigest()) == (changed, planned["sha256"])
            self._check_plan(planned, changed)
            for step, name in (("dry_run", "verdicts"), ("apply", "applied")):
                details, verdicts = runs.result(step, index), _rows(self._take(f"{folder}/{name}.csv"))
                assert (details["sha256"], details["rows_passed"]) == (planned["sha256"], len(changed))
                assert [
                    {**verdict, **row} for verdict, row in zip(verdicts, changed, strict=True)
                ] == verdicts
                assert {verdict["status"] for verdict in verdicts} == {"success"}
        return again

    def _complete_rows(self, index: int) -> Rows:
        rows = _rows(self._before[index])
        return [{**row, **CATALOGUE.get(row["name"].partition(".")[0], {})} for row in rows]

    def _list_changed(self, index: int) -> Rows:
        return [row for row in self._complete_rows(index) if row not in _rows(self._before[index])]

    def _check_plan(self, answer: dict[str, Any], changed: Rows) -> None:
        plan = json.loads(self._take(answer["plan_path"]))
        assert plan["sha256"] == answer["sha256"]
        assert [change["row"] for change in plan["changes"]] == [row["name"] for row in changed]
        assert self._take(answer["plan_page"]).rstrip().endswith(b"</html>")

    def _take(self, url: str) -> bytes:
        key = url.partition(f"@{self._bucket.name}/")[2]
        assert key not in self._taken
        self._taken.add(key)
        content: bytes = self._bucket.Object(key).get()["Body"].read()
        return gzip.decompress(content) if key.endswith(".gz") else content


def _rows(text: bytes) -> Rows:
    return list(csv.DictReader(io.StringIO(text.decode(), newline="")))

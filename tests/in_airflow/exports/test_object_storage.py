"""Exports to and imports from object storage, over a real S3 API.

They run where moto's server, s3fs and the Amazon provider are installed: in environments of their own,
because together they are fifty packages.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.exceptions import OpenMetadataError
from airflow_provider_om_messaging.files.storage import Destination
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator
from airflow_provider_om_messaging.operators.import_csv import ImportMessagingServiceOperator
from airflow_provider_om_messaging.operators.plan import PlanMessagingServiceImportOperator
from tests.contract.s3_server import S3Server, s3_server
from tests.in_airflow.running import run
from tests.in_airflow.topics import SERVICE, describe_rows, export_rows, format_csv

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_om_messaging.sandbox import Sandbox

pytest.importorskip("moto.server")
pytest.importorskip("s3fs")
boto3 = pytest.importorskip("boto3")
pytest.importorskip("airflow.providers.amazon")

BUCKET = "metadata"
FOLDER = f"s3://aws_test@{BUCKET}/nightly"
# The libraries underneath warn about each other.
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with s3_server() as running:
        yield running


@pytest.fixture
def bucket(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    connection = {
        "conn_type": "aws",
        "login": "key",
        "password": "secret",
        "extra": {"endpoint_url": server.url, "region_name": "us-east-1"},
    }
    monkeypatch.setenv("AIRFLOW_CONN_AWS_TEST", json.dumps(connection))
    resource = boto3.resource(
        "s3",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
    )
    created = resource.create_bucket(Bucket=BUCKET)
    server.writes.clear()
    yield created
    server.refused_part = 0
    created.objects.delete()


def export(**kwargs: Any) -> Any:
    return run(ExportMessagingServiceOperator(**{"task_id": "t", "service": SERVICE, **kwargs}))


def content(bucket: Any, key: str) -> bytes:
    return bytes(bucket.Object(key).get()["Body"].read())


def test_an_export_to_an_object(sandbox: Sandbox, bucket: Any) -> None:
    text = OpenMetadataMessagingHook().export_csv(SERVICE).encode()
    result = export(destination=f"{FOLDER}/topics.csv")
    assert content(bucket, "nightly/topics.csv") == text
    assert (result["bytes"], result["unchanged"]) == (len(text), False)
    export(destination=f"{FOLDER}/topics.csv.gz")
    assert gzip.decompress(content(bucket, "nightly/topics.csv.gz")) == text


@pytest.mark.parametrize("name", ["topics.csv", "topics.csv.gz"])
def test_an_identical_object_is_left_as_it_is(
    sandbox: Sandbox, bucket: Any, server: S3Server, name: str
) -> None:
    export(destination=f"{FOLDER}/{name}")
    writes = len(server.writes)
    assert export(destination=f"{FOLDER}/{name}")["unchanged"] is True
    assert len(server.writes) == writes


def test_an_import_from_an_object(sandbox: Sandbox, bucket: Any) -> None:
    text = format_csv(describe_rows(export_rows()[:5]))
    bucket.put_object(Key="nightly/new.csv.gz", Body=gzip.compress(text.encode()))
    planned = run(
        PlanMessagingServiceImportOperator(
            task_id="plan",
            service=SERVICE,
            source=f"{FOLDER}/new.csv.gz",
            plan_destination=f"{FOLDER}/plan",
        )
    )
    assert planned["changed"] == 5
    assert json.loads(content(bucket, "nightly/plan.json"))["changed"] == 5
    result = run(
        ImportMessagingServiceOperator(
            task_id="apply",
            service=SERVICE,
            source=f"{FOLDER}/new.csv.gz",
            dry_run=False,
            expected_plan=planned,
            verify=True,
            results_destination=f"{FOLDER}/results.csv",
        )
    )
    assert result["verified"] == 5
    records = csv.DictReader(io.StringIO(content(bucket, "nightly/results.csv").decode(), newline=""))
    assert [row["status"] for row in records] == ["success"] * 5


def test_a_failed_export_leaves_yesterdays_object(sandbox: Sandbox, bucket: Any, server: S3Server) -> None:
    bucket.put_object(Key="nightly/topics.csv", Body=b"yesterday")
    server.writes.clear()
    sandbox.fault("cut", path="/export$", times=9)
    with pytest.raises(OpenMetadataError):
        export(destination=f"{FOLDER}/topics.csv")
    assert content(bucket, "nightly/topics.csv") == b"yesterday"
    assert server.writes == []


def test_a_failed_upload_is_aborted(bucket: Any, server: S3Server) -> None:
    bucket.put_object(Key="nightly/large.csv", Body=b"yesterday")
    server.refused_part = 2
    with pytest.raises(Exception, match=r"(?i)forbidden|403"):
        Destination(f"{FOLDER}/large.csv").write([b"x" * 1024 * 1024] * 30)
    assert "PUT /metadata/nightly/large.csv 1" in server.writes
    assert "PUT /metadata/nightly/large.csv 2" in server.writes
    assert list(bucket.multipart_uploads.all()) == []
    assert content(bucket, "nightly/large.csv") == b"yesterday"


def test_a_large_object_is_whole(bucket: Any) -> None:
    parts = [bytes([number]) * 1024 * 1024 for number in range(30)]
    assert Destination(f"{FOLDER}/large.csv").write(parts) is False
    assert content(bucket, "nightly/large.csv") == b"".join(parts)
    assert Destination(f"{FOLDER}/large.csv").write(parts) is True

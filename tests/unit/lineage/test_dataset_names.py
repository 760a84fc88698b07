"""Names of what tasks read and write."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.lineage.assets import sanitize_uri
from airflow_provider_om_messaging.lineage.dataset_names import name_entity, name_file, parse_uri

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("server", "namespace"),
    [
        ("https://acme.getcollate.io", "openmetadata://acme.getcollate.io"),
        ("https://ACME.getcollate.io:443", "openmetadata://acme.getcollate.io"),
        ("http://localhost:8585", "openmetadata://localhost:8585"),
        ("http://catalogue:80/om/", "openmetadata://catalogue/om"),
        ("http://[::1]:8585", "openmetadata://[::1]:8585"),
        ("https://user:secret@catalogue", "openmetadata://catalogue"),
    ],
)
def test_a_service_is_named_by_its_server_and_fqn(server: str, namespace: str) -> None:
    place = name_entity(server, '"edge.kafka"')
    assert (place.namespace, place.name) == (namespace, 'messagingService."edge.kafka"')
    assert place.uri == f"{namespace}/messagingServices/%22edge.kafka%22"
    assert parse_uri(place.uri) == place


@given(st.text(min_size=1, max_size=40), st.sampled_from(["service", "topic"]))
def test_a_uri_says_which_service_or_topic_it_is(fqn: str, entity: str) -> None:
    try:
        fqn.encode()
    except UnicodeEncodeError:
        return
    place = name_entity("https://catalogue:8585/om", fqn, entity)
    assert parse_uri(place.uri) == place
    assert sanitize_uri(urlsplit(place.uri)).geturl() == place.uri


@pytest.mark.parametrize(
    ("path", "namespace", "name", "uri"),
    [
        ("s3://aws_default@bucket/a/b c.csv", "s3://bucket", "a/b c.csv", "s3://bucket/a/b c.csv"),
        ("S3a://user:secret@bucket/a.csv", "s3://bucket", "a.csv", "s3://bucket/a.csv"),
        ("gcs://conn@bucket/a?b#c@d.csv", "gs://bucket", "a?b#c@d.csv", "gs://bucket/a?b#c@d.csv"),
        ("https://u:p@host/a.csv?X-Amz-Signature=s", "https://host", "a.csv", "https://host/a.csv"),
        ("/data/a b#1.csv", "file", "/data/a b#1.csv", "file:///data/a%20b%231.csv"),
        ("file:///data/a.csv", "file", "/data/a.csv", "file:///data/a.csv"),
        ("file://localhost/data/a.csv", "file", "/data/a.csv", "file:///data/a.csv"),
    ],
)
def test_a_file_is_named_without_who_reads_it(path: str, namespace: str, name: str, uri: str) -> None:
    place = name_file(path)
    assert (place.namespace, place.name, place.uri) == (namespace, name, uri)


def test_a_relative_path_is_named_in_full(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert name_file("a.csv").name == str(tmp_path / "a.csv")


@pytest.mark.parametrize(
    "uri",
    [
        "openmetadata://host",
        "openmetadata://host/",
        "openmetadata://host/tables/a",
        "openmetadata://host/messagingServices/",
        "openmetadata:///messagingServices/a",
    ],
)
def test_a_uri_that_names_nothing_is_refused(uri: str) -> None:
    with pytest.raises(ValueError, match="openmetadata://host/messagingServices/<name>"):
        sanitize_uri(urlsplit(uri))


def test_a_uri_keeps_no_token() -> None:
    uri = sanitize_uri(urlsplit("openmetadata://bot:token@HOST:8585/messagingServices/kafka?token=a"))
    assert uri.geturl() == "openmetadata://host:8585/messagingServices/kafka"

"""Every way of writing Host leads to the same API, and a wrong one to a sentence that says so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.hooks.address import build_base_url
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

HOSTED = "https://acme.getcollate.io/api"
LOCAL = "http://localhost:8585/api"


@pytest.mark.parametrize("before", ["", "https://", "HTTPS://"])
@pytest.mark.parametrize("port", ["", ":443"])
@pytest.mark.parametrize("after", ["", "/", "/api", "/api/", "/api/v1", "/api/v1/", "//api//v1//"])
def test_a_hosted_server(before: str, port: str, after: str) -> None:
    assert build_base_url(f"{before}acme.getcollate.io{port}{after}") == HOSTED
    assert build_base_url(f" {before}ACME.GetCollate.io{port}{after}\n", scheme="https") == HOSTED


@pytest.mark.parametrize("before", ["", "http://"])
@pytest.mark.parametrize("after", ["", "/", "/api", "/api/v1/"])
def test_a_local_server(before: str, after: str) -> None:
    assert build_base_url(f"{before}localhost:8585{after}") == LOCAL
    assert build_base_url(f"{before}localhost{after}", port=8585) == LOCAL


@pytest.mark.parametrize(
    ("host", "port", "scheme", "expected"),
    [
        ("localhost", None, None, LOCAL),
        ("localhost", None, "http", "http://localhost/api"),
        ("http://localhost", None, None, "http://localhost/api"),
        ("http://localhost:80", None, None, "http://localhost/api"),
        ("localhost", 443, None, "https://localhost/api"),
        ("openmetadata-server", None, None, "http://openmetadata-server:8585/api"),
        ("openmetadata_server", 8585, None, "http://openmetadata_server:8585/api"),
        ("127.0.0.1", None, None, "http://127.0.0.1:8585/api"),
        ("10.1.2.3", None, None, "https://10.1.2.3/api"),
        ("10.1.2.3:8585", None, None, "http://10.1.2.3:8585/api"),
        ("om.corp.example", 8585, None, "http://om.corp.example:8585/api"),
        ("om.corp.example", 1, None, "https://om.corp.example:1/api"),
        ("om.corp.example", 65535, None, "https://om.corp.example:65535/api"),
        ("om", 443, None, "https://om/api"),
        ("om.corp.example", 8585, "https", "https://om.corp.example:8585/api"),
        ("om.corp.example", None, "HTTP", "http://om.corp.example/api"),
        ("om.corp.example", None, "https://", "https://om.corp.example/api"),
        ("https://om.corp.example:8443", 8585, "http", "https://om.corp.example:8443/api"),
        ("[::1]", None, None, "http://[::1]:8585/api"),
        ("[::1]:8585", None, None, "http://[::1]:8585/api"),
        ("https://[2001:db8::7]/api", None, None, "https://[2001:db8::7]/api"),
        ("[2001:db8::7]:9000", None, None, "https://[2001:db8::7]:9000/api"),
        ("https://corp.example/metadata", None, None, "https://corp.example/metadata/api"),
        ("https://corp.example/metadata/api/v1/", None, None, "https://corp.example/metadata/api"),
        ("corp.example/my-api", None, None, "https://corp.example/my-api/api"),
        ("https://corp.example/api/api/v1", None, None, "https://corp.example/api/api"),
        ("bücher.example", None, None, "https://bücher.example/api"),
    ],
)
def test_other_servers(host: str, port: int | None, scheme: str | None, expected: str) -> None:
    assert build_base_url(host, port, scheme) == expected


@given(
    st.sampled_from(["", "http://", "https://"]),
    st.from_regex(r"[a-z][a-z0-9-]{0,20}(\.[a-z]{1,9}){0,3}", fullmatch=True),
    st.one_of(st.none(), st.integers(1, 65535)),
    st.sampled_from(["", "/om", "/a/b"]),
)
def test_a_base_url_leads_to_itself(scheme: str, name: str, port: int | None, path: str) -> None:
    once = build_base_url(f"{scheme}{name}" + (f":{port}" if port else "") + path)
    assert build_base_url(once) == once
    assert build_base_url(once + "/v1/") == once


@pytest.mark.parametrize("host", ["", "   ", None])
def test_no_host_says_what_to_write(host: str | None) -> None:
    with pytest.raises(Fault, match=r"^The connection has no Host: .*getcollate\.io/api.*om-messaging://"):
        build_base_url(host)


@pytest.mark.parametrize(
    "host",
    [
        "http://",
        "https:///api",
        "http:/localhost",
        "https:acme.getcollate.io",
        "acme getcollate io",
        "acme.getcollate.io,other.example",
        "acme..getcollate.io",
        "http://localhost:port",
        "http://localhost:99999",
        "http://[::1",
        "http://[nonsense]",
        "http://x[::1]",
        "[::1]x:80",
        "::1",
        "https://acme.getcollate.io/api?x=1",
        "https://acme.getcollate.io/#/login",
        "<host>",
    ],
)
def test_what_is_no_address_is_refused(host: str) -> None:
    with pytest.raises(Fault, match="has a Host that is no address: ") as caught:
        build_base_url(host)
    assert caught.value.cause is Cause.INVALID_PARAMETER


@pytest.mark.parametrize(("host", "scheme"), [("ftp://om.example", None), ("om.example", "apis")])
def test_another_scheme_is_refused(host: str, scheme: str | None) -> None:
    with pytest.raises(Fault, match="it has to be http or https"):
        build_base_url(host, scheme=scheme)


@pytest.mark.parametrize(
    "host",
    [
        "https://admin:hunter2@om.example",
        "https://admin:hunter2@om.example:99999",
        "https://admin:hunter2@om example",
        "admin:hunter2@om.example",
        "https://:hunter2@om.example",
        "https://hunter2@om.example",
    ],
)
def test_a_login_in_host_is_refused_and_not_repeated(host: str) -> None:
    with pytest.raises(Fault) as caught:
        build_base_url(host)
    assert "hunter2" not in caught.value.message


@pytest.mark.parametrize("path", ["api", "om/api", "api/v1"])
def test_a_uri_with_an_underscore_says_what_to_write(path: str) -> None:
    # What Airflow makes of ``om_messaging://:token@om.example:8585/om/api``.
    with pytest.raises(Fault, match=r"in a URI write om-messaging://") as caught:
        build_base_url(f"/:hunter2@om.example:8585/{path}")
    assert "hunter2" not in caught.value.message


@pytest.mark.parametrize("port", [-1, 0, 65536, 10**9])
def test_a_port_that_is_none(port: int) -> None:
    with pytest.raises(Fault, match=f"has a Port that is none: {port}"):
        build_base_url("om.example", port)


def test_a_token_in_host_is_refused_and_not_repeated() -> None:
    token = "eyJhbGciOiJSUzI1NiJ9." + "eyJzdWIiOiJib3QifQ" * 5 + "." + "c2lnbmF0dXJl" * 20
    with pytest.raises(Fault, match="no address") as caught:
        build_base_url(token)
    assert token[:20] not in caught.value.message


@pytest.mark.parametrize(
    ("path", "prefix"), [("api", ""), ("/api/v1/", ""), ("om/api", "/om"), ("a/b/api", "/a/b")]
)
def test_a_path_that_airflow_takes_for_the_scheme(path: str, prefix: str) -> None:
    """In a connection's URI, as in ``om-messaging://:token@host:8585/om/api``."""
    assert build_base_url("om.example.com", 8585, path) == f"http://om.example.com:8585{prefix}/api"
    assert build_base_url("https://om.example.com/", None, path) == f"https://om.example.com{prefix}/api"


@pytest.mark.parametrize("scheme", ["om", "ftp", "api2", "https/x"])
def test_a_scheme_that_is_none(scheme: str) -> None:
    with pytest.raises(Fault, match="it has to be http or https; a path belongs into Host"):
        build_base_url("om.example.com", 8585, scheme)

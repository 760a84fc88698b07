"""The way to a server that the environment names: as requests goes it, so that no transport goes another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_om_messaging.client.transport.environment import find_route
from airflow_provider_om_messaging.client.transport.settings import Settings, Token
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PROXY = "http://proxy.corp:3128"
NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize(
    ("environment", "url", "proxy"),
    [
        ({"http_proxy": PROXY}, "http://om.corp:8585/api", PROXY),
        ({"HTTPS_PROXY": PROXY}, "https://om.corp/api", PROXY),
        ({"HTTPS_PROXY": PROXY}, "http://om.corp/api", None),
        ({"HTTPS_PROXY": "proxy.corp:3128"}, "https://om.corp/api", PROXY),
        ({"ALL_PROXY": PROXY}, "https://om.corp/api", PROXY),
        ({"all_proxy": PROXY}, "http://om.corp/api", PROXY),
        ({"ALL_PROXY": PROXY, "NO_PROXY": "10.0.0.0/8"}, "http://10.1.2.3:8585/api", None),
        ({"ALL_PROXY": PROXY, "no_proxy": "10.0.0.0/8"}, "http://11.1.2.3:8585/api", PROXY),
        ({"ALL_PROXY": PROXY, "NO_PROXY": "om.corp:8585"}, "http://om.corp:8585/api", None),
        ({"ALL_PROXY": PROXY, "NO_PROXY": "om.corp:8585"}, "http://om.corp/api", PROXY),
        ({"ALL_PROXY": PROXY, "NO_PROXY": ".corp, other"}, "https://om.corp/api", None),
        ({"ALL_PROXY": PROXY, "NO_PROXY": "*"}, "https://om.corp/api", None),
        ({"HTTP_PROXY": "http://other:1", "http_proxy": PROXY}, "http://om.corp/api", PROXY),
        ({"ALL_PROXY": "http://other:1", "http_proxy": PROXY}, "http://om.corp/api", PROXY),
        ({"ALL_PROXY": PROXY, "NO_PROXY": "other", "no_proxy": ".corp"}, "http://om.corp/api", None),
        ({"ALL_PROXY": PROXY, "NO_PROXY": "10.1.2.3/32"}, "http://10.1.2.3:8585/api", None),
        ({"ALL_PROXY": PROXY, "NO_PROXY": "::1"}, "http://[2001:db8::7]:8585/api", PROXY),
        ({"ALL_PROXY": "http://[2001:db8::9]:3128"}, "http://om.corp/api", "http://[2001:db8::9]:3128"),
        ({}, "https://om.corp/api", None),
    ],
)
def test_proxies(
    monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str], url: str, proxy: str | None
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert find_route(Settings(url, Token("t"))).proxy == proxy


def test_the_connections_own_proxy_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", "*")
    assert find_route(Settings("http://om/api", Token("t"), proxy="http://own:1")).proxy == "http://own:1"


def test_a_proxy_that_the_triggerer_cannot_use_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://ada:hunter2@proxy.corp:1080")
    with pytest.raises(Fault, match=r"proxy\.corp") as caught:
        find_route(Settings("http://om/api", Token("t")))
    assert caught.value.cause is Cause.INVALID_PARAMETER
    assert "hunter2" not in caught.value.message


@pytest.mark.parametrize(
    "proxy", ["http://proxy:port", "http://u:hunter2/x@proxy:1", "['x']", "http://", "http://proxy:99999"]
)
@pytest.mark.parametrize("place", ["connection", "environment"])
def test_a_proxy_that_is_no_address_is_named(monkeypatch: pytest.MonkeyPatch, place: str, proxy: str) -> None:
    own = proxy if place == "connection" else None
    if own is None:
        monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(Fault, match="which is no address") as caught:
        find_route(Settings("http://om/api", Token("t"), proxy=own))
    assert caught.value.cause is Cause.INVALID_PARAMETER
    assert "hunter2" not in caught.value.message


def test_the_environments_authorities_count_unless_the_connection_names_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path))
    assert find_route(Settings("https://om/api", Token("t"))).verify == str(tmp_path)
    assert find_route(Settings("https://om/api", Token("t"), verify="/ca.pem")).verify == "/ca.pem"
    assert find_route(Settings("https://om/api", Token("t"), verify=False)).verify is False

"""The hooks against a server: what a connection means."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging import exceptions
from airflow_provider_om_messaging.client.transport.sockets import JobFeed
from airflow_provider_om_messaging.hooks.messaging_async import OpenMetadataMessagingAsyncHook
from airflow_provider_om_messaging.protocol.wire.faults import Fault
from airflow_provider_om_messaging.protocol.wire.retry import NO_RETRY
from tests.contract.other_servers import serve_reply, tls_files

try:
    from airflow.sdk.log import redact
except ImportError:
    from airflow.utils.log.secrets_masker import redact

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from airflow_provider_om_messaging.hooks.messaging import (
        OpenMetadataMessagingHook,
    )
    from airflow_provider_om_messaging.sandbox import Sandbox

SERVICE = "orders_redpanda"


class TestConnection:
    def test_it_tells_what_the_server_can_do_and_for_whom(
        self, sandbox: Sandbox, hook: OpenMetadataMessagingHook
    ) -> None:
        assert hook.test_connection() == (
            True,
            f"OpenMetadata 2.0.1 at {sandbox.url}/api with CSV routes for messaging services, "
            "jobs over REST, JSON Patch by name. Logged in as bot ingestion-bot",
        )

    @pytest.mark.parametrize("is_usable", [True, False])
    def test_it_names_extras_that_mean_nothing(
        self, sandbox: Sandbox, connect: Callable[..., OpenMetadataMessagingHook], is_usable: bool
    ) -> None:
        extra = {"tokenfile": "/run/jwt", "verfy": "false", "verify": "false", "verifySSL": "no-ssl"}
        password = sandbox.bot_token if is_usable else None
        hook = connect(host=sandbox.url, password=password, extra=extra)
        ok, text = hook.test_connection()
        assert ok is is_usable
        assert text.endswith(". The connection has extras that mean nothing here: tokenfile, verfy.")
        assert ".." not in text

    def test_every_way_of_writing_host_reaches_the_server(
        self, sandbox: Sandbox, connect: Callable[..., OpenMetadataMessagingHook]
    ) -> None:
        address = sandbox.url.removeprefix("http://")
        name, _, port = address.partition(":")
        for shape in (
            {"host": address},
            {"host": sandbox.url},
            {"host": f"{sandbox.url}/"},
            {"host": f"{sandbox.url}/api"},
            {"host": f"{sandbox.url}/api/v1/"},
            {"host": name, "port": int(port)},
            {"host": name, "port": int(port), "schema": "http"},
        ):
            hook = connect(**shape, password=sandbox.bot_token)
            assert hook.test_connection()[0]
            assert hook.server_url == sandbox.url
            assert hook.capabilities().csv_routes is True

    def test_a_connection_made_for_openmetadata_ingestion(
        self, sandbox: Sandbox, connect: Callable[..., OpenMetadataMessagingHook]
    ) -> None:
        name, _, port = sandbox.url.removeprefix("http://").partition(":")
        hook = connect(
            conn_type="openmetadata",
            host=name,
            port=int(port),
            password=sandbox.bot_token,
            extra={"verifySSL": "no-ssl", "sslConfig": {}},
        )
        assert hook.test_connection()[0]

    @pytest.mark.parametrize(
        ("token", "advice"),
        [
            ({"expires_in": -60}, "expired"),
            ({"signed_by": "stranger"}, "Host and token belong together"),
        ],
    )
    def test_what_is_wrong_with_a_token(
        self,
        sandbox: Sandbox,
        connect: Callable[..., OpenMetadataMessagingHook],
        token: dict[str, Any],
        advice: str,
    ) -> None:
        ok, message = connect(host=sandbox.url, password=sandbox.token("admin", **token)).test_connection()
        assert not ok
        assert advice in message

    def test_a_superseded_bot_token(self, sandbox: Sandbox, hook: OpenMetadataMessagingHook) -> None:
        sandbox.supersede_bot_token()
        ok, message = hook.test_connection()
        assert not ok
        assert "newer token" in message

    @pytest.mark.parametrize(
        ("connection", "advice"),
        [
            ({"host": "http://no-such-host.invalid", "password": "jwt"}, "No such host"),
            ({"host": "http://127.0.0.1:9", "password": "jwt"}, "refuses connections"),
            ({"host": "http://127.0.0.1:9"}, "no token"),
            ({"password": "jwt"}, "no Host"),
        ],
    )
    def test_what_is_wrong_with_an_address(
        self, connect: Callable[..., OpenMetadataMessagingHook], connection: dict[str, str], advice: str
    ) -> None:
        ok, message = _impatient(connect(**connection)).test_connection()
        assert not ok
        assert advice in message

    def test_a_server_that_is_something_else(self, connect: Callable[..., OpenMetadataMessagingHook]) -> None:
        with serve_reply(200, b"<!doctype html><title>Wiki</title>", "text/html") as url:
            ok, message = connect(host=url, password="jwt").test_connection()
        assert not ok
        assert "not an OpenMetadata API: it answered HTML" in message

    def test_a_login_proxy_that_redirects_gets_no_token(
        self, sandbox: Sandbox, connect: Callable[..., OpenMetadataMessagingHook]
    ) -> None:
        with serve_reply(
            302, b"", "text/plain", {"Location": f"{sandbox.url}/api/v1/users/loggedInUser"}
        ) as url:
            ok, message = connect(host=url, password=sandbox.bot_token).test_connection()
        assert not ok
        assert "redirect" in message
        assert sandbox.journal == []

    @pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
    def test_tls_with_a_private_ca(
        self, connect: Callable[..., OpenMetadataMessagingHook], tmp_path: Path
    ) -> None:
        files = tls_files(tmp_path)
        body = json.dumps({"version": "2.0.1", "name": "ada"}).encode()
        with serve_reply(200, body, "application/json", tls=files) as url:
            ok, message = connect(host=url, password="jwt").test_connection()
            assert not ok
            assert "TLS with" in message
            assert "'verify'" in message
            for verify in (str(files.authority), False, "false"):
                hook = connect(host=url, password="jwt", extra={"verify": verify})
                assert hook.server_version() == "2.0.1"

    def test_tls_against_a_plain_server(
        self, sandbox: Sandbox, connect: Callable[..., OpenMetadataMessagingHook]
    ) -> None:
        hook = connect(host=sandbox.url.replace("http:", "https:"), password="jwt")
        ok, message = hook.test_connection()
        assert not ok
        assert "http://" in message

    def test_a_netrc_entry_does_not_replace_the_token(
        self,
        sandbox: Sandbox,
        hook: OpenMetadataMessagingHook,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
    ) -> None:
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login a password b")
        monkeypatch.setenv("NETRC", str(netrc))
        assert hook.test_connection()[0]

    def test_a_token_file_is_read_again_after_401(
        self, sandbox: Sandbox, connect: Callable[..., OpenMetadataMessagingHook], tmp_path: Path
    ) -> None:
        file = tmp_path / "jwt"
        file.write_text(sandbox.bot_token + "\n")
        hook = connect(host=sandbox.url, extra={"token_file": str(file)})
        assert hook.test_connection()[0]
        assert redact(f"The token is {sandbox.bot_token}.") == "The token is ***."
        file.write_text(sandbox.supersede_bot_token())
        sandbox.clear_journal()
        hook.get_service(SERVICE)
        assert [entry["status"] for entry in sandbox.journal] == [401, 200]

    def test_a_token_that_was_replaced_in_the_connection_is_read_after_401(
        self, sandbox: Sandbox, connect: Callable[..., OpenMetadataMessagingHook]
    ) -> None:
        hook = connect(host=sandbox.url, password=sandbox.bot_token)
        assert hook.get_service(SERVICE)["name"] == SERVICE
        connect(host=sandbox.url, password=sandbox.supersede_bot_token())
        sandbox.clear_journal()
        assert hook.get_service(SERVICE)["name"] == SERVICE
        assert [entry["status"] for entry in sandbox.journal] == [401, 200]

    def test_a_token_file_that_stays_the_same_is_not_tried_again(
        self, sandbox: Sandbox, connect: Callable[..., OpenMetadataMessagingHook], tmp_path: Path
    ) -> None:
        file = tmp_path / "jwt"
        file.write_text(sandbox.bot_token)
        hook = connect(host=sandbox.url, extra={"token_file": str(file)})
        sandbox.supersede_bot_token()
        with pytest.raises(exceptions.UnauthorizedError):
            hook.get_service(SERVICE)
        assert [entry["status"] for entry in sandbox.journal] == [401]

    def test_a_proxy_that_is_not_there(
        self, sandbox: Sandbox, connect: Callable[..., OpenMetadataMessagingHook]
    ) -> None:
        hook = connect(host=sandbox.url, password=sandbox.bot_token, extra={"proxy": "http://127.0.0.1:9"})
        ok, message = _impatient(hook).test_connection()
        assert not ok
        assert "proxy" in message
        assert sandbox.journal == []

    @pytest.mark.parametrize(
        ("proxy", "problem"),
        [
            *[
                (proxy, "is no address")
                for proxy in ("http://proxy:port", "http://u:hunter2/x@proxy:1", "['x']")
            ],
            *[(proxy, "is no address") for proxy in ("http://", "HTTPS://proxy:0")],
            *[
                (f"{scheme}://u:hunter2@proxy:1080", "only HTTP proxies can be used here")
                for scheme in ("socks5", "SOCKS5", "socks5h", "socks4", "Socks4a", "ftp")
            ],
        ],
    )
    @pytest.mark.parametrize("place", ["connection", "http_proxy", "ALL_PROXY"])
    def test_a_proxy_that_cannot_be_used_is_refused_by_all_in_the_same_words(
        self,
        sandbox: Sandbox,
        connect: Callable[..., OpenMetadataMessagingHook],
        monkeypatch: pytest.MonkeyPatch,
        place: str,
        proxy: str,
        problem: str,
    ) -> None:
        if place != "connection":
            monkeypatch.setenv(place, proxy)
        hook = connect(
            host=sandbox.url,
            password=sandbox.bot_token,
            extra={"proxy": proxy} if place == "connection" else {},
        )
        ok, message = hook.test_connection()
        assert not ok
        assert problem in message
        assert "hunter2" not in message
        with pytest.raises(exceptions.InvalidParameterError) as in_triggerer:
            asyncio.run(OpenMetadataMessagingAsyncHook("other").get_job("1"))
        with pytest.raises(Fault) as at_socket:
            JobFeed(hook._client.settings, "user").open()
        assert {str(in_triggerer.value), at_socket.value.message} == {message}
        assert sandbox.journal == []

    def test_the_environments_proxy_counts_unless_another_goes_before_it(
        self,
        sandbox: Sandbox,
        connect: Callable[..., OpenMetadataMessagingHook],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def is_reached() -> bool:
            hook = connect(host=sandbox.url, password=sandbox.bot_token)
            return _impatient(hook).test_connection()[0]

        monkeypatch.setenv("ALL_PROXY", "socks5://proxy:1080")
        assert not is_reached()
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        assert not is_reached()
        assert sandbox.journal == []
        monkeypatch.setenv("NO_PROXY", "127.0.0.0/8")
        assert is_reached()
        monkeypatch.setenv("NO_PROXY", "elsewhere")
        with serve_reply(200, b'{"version": "9.9.9"}', "application/json") as proxy:
            monkeypatch.setenv("http_proxy", proxy)
            assert connect(host=sandbox.url, password="x.y.z").server_version() == "9.9.9"

    def test_an_extra_that_is_no_json_is_not_taken_for_none(
        self, sandbox: Sandbox, connect: Callable[..., OpenMetadataMessagingHook]
    ) -> None:
        hook = connect(host=sandbox.url, password=sandbox.bot_token, extra="verify=false")
        with pytest.raises(exceptions.InvalidParameterError, match="has an Extra that is no JSON"):
            hook.server_version()

    def test_a_silent_server_is_given_up(
        self, sandbox: Sandbox, connect: Callable[..., OpenMetadataMessagingHook]
    ) -> None:
        sandbox.fault("hang", times=10)
        hook = connect(host=sandbox.url, password=sandbox.bot_token, extra={"read_timeout": "0.2"})
        ok, message = _impatient(hook).test_connection()
        assert not ok
        assert "did not answer in time" in message


def _impatient(hook: OpenMetadataMessagingHook) -> OpenMetadataMessagingHook:
    """Spare a test the pauses between tries; a connection that cannot be used has none."""
    with suppress(Fault):
        hook._client.retry = NO_RETRY
    return hook

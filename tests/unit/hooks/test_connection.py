"""From an Airflow connection to settings: ours and openmetadata-ingestion's; wrong ones are named."""

from __future__ import annotations

import json
import logging
import os
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.hooks.connection import check_extra, read_settings
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.provider_info import UI_FIELD_BEHAVIOUR

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_om_messaging.client.transport.settings import Settings

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJpbmdlc3Rpb24tYm90In0.c2lnbmF0dXJl"


def settings(password: str | None = TOKEN, **changes: Any) -> Settings:
    connection: dict[str, Any] = {
        "conn_type": "om_messaging",
        "host": "acme.getcollate.io",
        "port": None,
        "scheme": None,
        "extra": {},
        **changes,
    }
    connection["extra"] = json.loads(json.dumps(connection["extra"]))
    return read_settings(password=password, **connection)


def refusal(password: str | None = TOKEN, **changes: Any) -> str:
    with pytest.raises(Fault) as caught:
        settings(password, **changes)
    assert caught.value.cause is Cause.INVALID_PARAMETER
    assert caught.value.message.startswith("The connection ")
    return caught.value.message


@pytest.fixture
def pem(tmp_path: Path) -> str:
    path = tmp_path / "some.pem"
    path.write_text("a certificate")
    return str(path)


def test_a_connection_needs_host_and_token_only() -> None:
    found = settings()
    assert found.base_url == "https://acme.getcollate.io/api"
    assert found.token.value == TOKEN
    assert found.verify is True
    assert (found.client_cert, found.client_key, found.proxy) == (None, None, None)
    assert (found.connect_timeout, found.read_timeout) == (10.0, 300.0)


def test_a_form_that_was_left_empty_changes_nothing() -> None:
    names = ["verify", "client_cert", "client_key", "connect_timeout", "read_timeout", "proxy", "token_file"]
    for empty in ("", "  ", None):
        assert repr(settings(extra=dict.fromkeys(names, empty))) == repr(settings())


@pytest.mark.parametrize("host", [None, "", " "])
def test_no_host(host: str | None) -> None:
    assert "has no Host" in refusal(host=host)


@pytest.mark.parametrize("password", [None, "", " \n"])
def test_no_token(password: str | None) -> None:
    assert "has no token: put the JWT of a bot or user in Password" in refusal(password)


@pytest.mark.parametrize(
    "password", [TOKEN, f" {TOKEN}\n", f"Bearer {TOKEN}", f"bearer  {TOKEN}\r\n", f"\tBEARER {TOKEN}"]
)
def test_a_token_may_be_pasted_with_what_stands_around_it(password: str) -> None:
    assert settings(password).token.value == TOKEN


@pytest.mark.parametrize(
    "password",
    [
        f"{TOKEN} {TOKEN}",
        f"Bearer {TOKEN} {TOKEN}",
        f"{TOKEN}\nX-Header: x",
        "pässwörd-secret",
        "Bearer",
        f"{TOKEN}\x00",
    ],
)
def test_what_is_no_token_is_refused_and_not_repeated(password: str) -> None:
    message = refusal(password)
    assert "Password" in message
    assert "secret" not in message
    assert TOKEN[:12] not in message


def test_the_token_shows_nowhere() -> None:
    found = settings(extra={"proxy": "http://user:hunter2@proxy:3128"})
    for text in (repr(found), str(found), repr(found.token), str(found.token), f"{found}", repr(vars(found))):
        assert TOKEN[:12] not in text
    assert "hunter2" not in repr(found) + str(found)


def test_a_token_file_goes_before_the_password_and_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"Bearer {TOKEN}\n")
    token = settings("old", extra={"token_file": str(file)}).token
    assert token.value == TOKEN
    assert not token.reload()
    file.write_text(TOKEN[::-1])
    assert token.reload()
    assert token.value == TOKEN[::-1]


def test_a_device_is_no_token_file() -> None:
    # A pipe would hold the task until somebody writes to it.
    assert "names a token_file that is no file: /dev/null" in refusal(extra={"token_file": os.devnull})


def test_a_token_may_be_long(tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(b"x" * 65_536)
    assert len(settings(extra={"token_file": str(tmp_path / "token")}).token.value) == 65_536


@pytest.mark.parametrize(("size", "is_shown"), [(40, True), (41, False)])
def test_a_part_of_a_path_that_is_as_long_as_a_secret_is_not_shown(size: int, is_shown: bool) -> None:
    assert ("x" * size in refusal(extra={"token_file": f"/run/{'x' * size}/jwt"})) is is_shown


def test_a_token_from_the_password_cannot_have_changed() -> None:
    assert not settings().token.reload()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read (No such file or directory)"),
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"\xff\xfe\x00", "cannot be read (not a text file)"),
        (b"two hunter2", "no JWT"),
        (b"x" * 65_537, "of more than 65,536 bytes"),
    ],
)
def test_a_token_file_that_does_not_serve_is_named(tmp_path: Path, content: bytes | None, words: str) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    message = refusal(extra={"token_file": str(file)})
    assert words in message
    assert str(file) in message
    assert "hunter2" not in message


@pytest.mark.parametrize(
    ("value", "verify"),
    [
        (True, True),
        (False, False),
        ("true", True),
        (" False ", False),
        ("no", False),
        ("yes", True),
        (0, False),
        (1, True),
        ("", True),
        (None, True),
    ],
)
def test_whether_to_verify(value: object, verify: bool) -> None:
    assert settings(extra={"verify": value}).verify is verify


def test_files_for_tls(pem: str) -> None:
    found = settings(extra={"verify": pem, "client_cert": pem, "client_key": pem})
    assert (found.verify, found.client_cert, found.client_key) == (pem, pem, pem)


@pytest.mark.parametrize("name", ["verify", "client_cert", "client_key"])
@pytest.mark.parametrize("path", ["missing.pem", "x" * 5000, "/"])
def test_a_missing_file_names_the_extra(name: str, path: str) -> None:
    assert f"names a file in the extra {name} that does not exist" in refusal(extra={name: path})


@pytest.mark.parametrize("extra", ["client_key", "sslKey"])
def test_a_key_in_place_of_its_path_is_refused_and_not_repeated(extra: str) -> None:
    key = "-----BEGIN PRIVATE KEY-----\n" + "c2VjcmV0" * 200 + "\n-----END PRIVATE KEY-----\n"
    message = refusal(extra={"client_key": key} if extra == "client_key" else {"sslConfig": {extra: key}})
    assert f"has a PEM text in the extra {extra}" in message
    assert "c2VjcmV0" not in message


@pytest.mark.parametrize(("value", "seconds"), [(5, 5.0), ("7.5", 7.5), (0.25, 0.25), (1e308, 1e9)])
def test_timeouts(value: object, seconds: float) -> None:
    found = settings(extra={"connect_timeout": value, "read_timeout": value})
    assert (found.connect_timeout, found.read_timeout) == (seconds, seconds)


@pytest.mark.parametrize("name", ["connect_timeout", "read_timeout"])
@pytest.mark.parametrize("value", ["soon", 0, -1, "inf", "nan", True, []])
def test_a_timeout_that_is_no_number_of_seconds_names_the_extra(name: str, value: object) -> None:
    assert f"in the extra {name}: it has to be a number of seconds above 0" in refusal(extra={name: value})


@pytest.mark.parametrize("proxy", ["proxy.corp:3128", "http://proxy.corp:3128", " http://proxy.corp:3128\n"])
def test_a_proxy_means_the_same_to_both_transports(proxy: str) -> None:
    assert settings(extra={"proxy": proxy}).proxy == "http://proxy.corp:3128"


def test_unknown_extras_are_named_and_their_values_are_not(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        settings(extra={"verfiy": "false", "hidden_one": "hunter2", "verify": True})
    assert "hidden_one, verfiy" in caplog.text
    assert "hunter2" not in caplog.text


def test_known_extras_are_not_warned_about(caplog: pytest.LogCaptureFixture) -> None:
    settings(extra={"verify": True, "verifySSL": "validate", "sslConfig": {}, "proxy": ""})
    assert not caplog.records


class TestAConnectionOfOpenmetadataIngestion:
    """Its hook builds ``{schema or http}://{host}:{port or 8585}/api``; its extras are about TLS."""

    @pytest.mark.parametrize(
        ("host", "port", "scheme", "expected"),
        [
            ("openmetadata-server", 8585, "http", "http://openmetadata-server:8585/api"),
            ("openmetadata-server", None, None, "http://openmetadata-server:8585/api"),
            ("om.corp.example", None, None, "http://om.corp.example:8585/api"),
            ("om.corp.example", None, "https", "https://om.corp.example:8585/api"),
            ("om.corp.example", 443, "https", "https://om.corp.example/api"),
            ("https://om.corp.example", None, None, "https://om.corp.example/api"),
        ],
    )
    def test_address(self, host: str, port: int | None, scheme: str | None, expected: str) -> None:
        found = settings(conn_type="openmetadata", host=host, port=port, scheme=scheme)
        assert found.base_url == expected

    @pytest.mark.parametrize(
        ("value", "verify"), [("ignore", False), ("validate", True), ("no-ssl", True), (None, True)]
    )
    def test_verify_ssl(self, value: str | None, verify: bool) -> None:
        assert settings(extra={"verifySSL": value}).verify is verify

    def test_ssl_config_is_a_path_or_says_which_file_is_which(self, pem: str) -> None:
        assert settings(extra={"verifySSL": "validate", "sslConfig": pem}).verify == pem
        config = {"caCertificate": pem, "sslCertificate": pem, "sslKey": pem}
        found = settings(extra={"verifySSL": "validate", "sslConfig": config})
        assert (found.verify, found.client_cert, found.client_key) == (pem, pem, pem)

    def test_our_own_extra_goes_before_them(self, pem: str) -> None:
        assert settings(extra={"verify": True, "verifySSL": "ignore"}).verify is True
        assert settings(extra={"verify": False, "sslConfig": {"caCertificate": pem}}).verify is False

    def test_a_missing_file_names_the_part(self) -> None:
        message = refusal(extra={"sslConfig": {"sslKey": "missing.key"}})
        assert "names a file in the extra sslKey that does not exist: missing.key" in message


@pytest.mark.parametrize("extra", [["verify"], "verify", 5, True])
def test_an_extra_that_is_no_object_says_what_to_write(extra: object) -> None:
    assert f"has an Extra that is a JSON {type(extra).__name__}: write an object" in refusal(extra=extra)


@pytest.mark.parametrize("text", ["{", "verify=false", "{'verify': false}", "[" * 100_000])
def test_an_extra_that_is_no_json_is_not_taken_for_none(text: str) -> None:
    with pytest.raises(Fault, match="has an Extra that is no JSON: write an object"):
        check_extra(text)


@pytest.mark.parametrize("text", [None, "", " ", "{}", '{"verify": "false"}'])
def test_an_extra_that_can_be_read(text: str | None) -> None:
    check_extra(text)


@pytest.mark.parametrize("secret", ["http://user:hunter/2@proxy:3128", "hunter/2", "eyJhunter/2"])
@pytest.mark.parametrize("name", ["connect_timeout", "read_timeout"])
def test_a_secret_in_the_wrong_place_is_not_shown(name: str, secret: str) -> None:
    assert "hunter" not in refusal(extra={name: secret})


def test_a_secret_in_the_scheme_is_not_shown() -> None:
    assert "has a wrong scheme: it has to be http or https" in (message := refusal(scheme="hunter2-secret"))
    assert "hunter" not in message
    assert "has the scheme 'ftp'" in refusal(scheme="ftp")


def test_airflow_2_has_the_labels_of_its_form_from_the_class() -> None:
    assert OpenMetadataMessagingHook.get_ui_field_behaviour() is UI_FIELD_BEHAVIOUR


@pytest.mark.parametrize("name", ["get_connection_form_widgets", "get_ui_field_behaviour"])
def test_airflow_asks_the_class_for_its_form(name: str) -> None:
    assert getattr(OpenMetadataMessagingHook, name).__self__ is OpenMetadataMessagingHook

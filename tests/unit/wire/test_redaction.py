"""Rule 6: error bodies can hold secrets, and nothing of them may show."""

from __future__ import annotations

import json
import string
import unicodedata
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.protocol.wire.printable import to_printable
from airflow_provider_om_messaging.protocol.wire.redaction import LONGEST_TEXT, redact, replace_secrets

BASE64URL = string.ascii_letters + string.digits + "-_"

# A marker that no other part of a text contains, so that finding any piece of it means a leak.
secrets = st.text("QZXJ0123456789!#$%&*+?^~", min_size=6, max_size=40).map(lambda text: f"Zq{text}qZ")
secret_names = st.sampled_from(
    [
        "password",
        "saslPassword",
        "sasl.password",
        "ssl.key.password",
        "PASSWORD",
        "passphrase",
        "awsSecretAccessKey",
        "clientSecret",
        "jwtToken",
        "access_token",
        "apiKey",
        "api-key",
        "privateKey",
        "basicAuthUserInfo",
        "basic.auth.user.info",
        "credentials",
    ]
)
surroundings = st.sampled_from(
    ["", "Failed to convert JsonValue to MessagingService: ", "Ungültig: ", "x" * 300 + " "]
)


@given(
    st.text(BASE64URL, min_size=15, max_size=80),
    st.text(BASE64URL, min_size=1, max_size=400),
    st.text(BASE64URL, min_size=1, max_size=400),
    st.sampled_from(["{}", "token {} is bad", "Bearer {}", "Bearer%20{}", "jwt={};", '"{}"', "/x?t={}&y=1"]),
)
def test_a_jwt_never_shows(header: str, payload: str, signature: str, frame: str) -> None:
    shown = redact(frame.format(f"eyJ{header}.{payload}.{signature}"))
    assert f"eyJ{header}" not in shown
    assert f".{payload}." not in shown
    assert not shown.endswith(f".{signature}")


@given(surroundings, secret_names, secrets, st.integers(0, 4))
def test_a_secret_in_json_never_shows_however_often_it_was_escaped(
    before: str, name: str, secret: str, times: int
) -> None:
    body = json.dumps({"name": "kafka", "connection": {"config": {name: secret}}, "after": "x"})
    for _ in range(times):
        body = json.dumps({"message": body})
    assert secret[:8] not in redact(before + body)


@given(surroundings, secret_names, secrets, st.integers(0, 3))
def test_a_secret_in_a_piece_of_json_never_shows(before: str, name: str, secret: str, times: int) -> None:
    piece = f'"name": "kafka", "{name}": "{secret} and {secret}", "after": "x"'
    for _ in range(times):
        piece = json.dumps(piece)[1:-1]
    assert secret[:8] not in redact(before + piece)


@given(
    surroundings,
    secret_names,
    secrets,
    st.sampled_from(["{}={}", "{}: {}", "{} = {},x=y", "{{{}={}, name=kafka}}", "({}={})", "{}='{}'"]),
)
def test_a_secret_given_as_key_and_value_never_shows(before: str, name: str, secret: str, form: str) -> None:
    assert secret[:8] not in redact(before + form.format(name, secret))


@given(st.text(string.ascii_letters, min_size=1, max_size=8), secrets.filter(lambda s: "?" not in s))
def test_a_login_in_a_url_never_shows(user: str, secret: str) -> None:
    assert secret[:8] not in redact(f"Cannot reach http://{user}:{secret}@registry:8081/subjects")


@given(secrets, st.integers(0, 3))
def test_a_jaas_line_never_shows_its_password(secret: str, times: int) -> None:
    line = (
        "org.apache.kafka.common.security.plain.PlainLoginModule required "
        f'username="alice" password="{secret} with blanks";'
    )
    for _ in range(times):
        line = json.dumps(line)[1:-1]
    shown = redact(f"Invalid value {line} for configuration sasl.jaas.config")
    assert secret[:8] not in shown
    assert "with blanks" not in shown


@given(secrets, st.integers(3900, 4200))
def test_a_secret_at_the_place_where_a_long_text_is_cut_never_shows(secret: str, length: int) -> None:
    # Blanks collapse, so that even the end of what was read can come into view.
    blank = " " * length
    for text in (
        f"http://user:{secret}{secret}@host/",
        f'password="{secret} {secret}"',
        f"Authorization: Bearer {secret}",
    ):
        assert secret[:8] not in redact(blank + text)


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Basic c2VjcmV0OnNlY3JldA==",
        "BEARER c2VjcmV0 is not valid",
        "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\nc2VjcmV0\n-----END PRIVATE KEY-----",
        "ssl.key.pem is -----BEGIN ENCRYPTED PRIVATE KEY----- c2VjcmV0 c2VjcmV0",
        'password="c2VjcmV0 that was cut c2VjcmV0',
        "https://user:c2VjcmV0@c2VjcmV0@host/path",
        "https://bucket/key?X-Amz-Signature=c2VjcmV0&X-Amz-Date=1",
    ],
)
def test_other_shapes_of_secrets(text: str) -> None:
    assert "c2VjcmV0" not in redact(text)


REAL_TEXTS = [
    "messagingService instance for nope not found",
    "messagingService instance for 6a2f0e5c-0000-4000-8000-000000000001 and version 0.7 not found",
    "Entity type messagingServices not found",
    "HTTP 404 Not Found",
    "HTTP 405 Method Not Allowed",
    "An exception with message [HTTP 404 Not Found] was thrown while processing request.",
    "An exception with message [HTTP 415 Unsupported Media Type] was thrown while processing request.",
    "Principal: CatalogPrincipal{name='u'} operations [EditOwners] not allowed",
    "Principal: CatalogPrincipal{name='jo'} operation EditAll denied by role DataConsumer, policy P, rule Q",
    "CatalogPrincipal{name='jo'} is not admin",
    "[query param limit must be greater than or equal to 0]",
    "Invalid request format",
    "Not Authorized! Token not present",
    "Not Authorized! Invalid token.",
    "Expired token!",
    "Not Authorized! Invalid token. Token verification failed. Public key mismatch.",
    "Not Authorized! Token signing key not found in configured public keys",
    "Not Authorized! The given token does not match the current bot's token!",
    "Not Authorized! Invalid personal access token!",
    "Not Authorized! Invalid session.",
    "Password needs to be encoded in Base-64.",
    "Entity already exists",
    "The entity has been modified by another user. Please refresh and retry.",
    "Only One Team is allowed to own Data Assets.",
    "Unrecognized token 'name': was expecting (JSON String, Number, Array, Object or token 'null')",
    "Upload/download CSV for bulk operations is not supported for entity [messagingService]",
    "#INVALID_HEADER: Headers [name, owner] doesn't match [name*, displayName]",
    "#PARSER_FAILURE: Failed to parse the CSV filed - reason invalid char between encapsulated token",
    "#INVALID_FIELD_COUNT: Field count 7 does not match the expected field count of 6",
    "#FIELD_REQUIRED: Field 1 is required",
    "#INVALID_FIELD: Field 4 error - Owner should be of format user:userName or team:teamName",
    "#INVALID_FIELD: Field 5 error - Entity PII.Secret of type tag not found",
    "CSV import payload is 20971521 bytes; the maximum allowed is 20971520 bytes.",
    "CSV job not found: 42",
    "CSV job belongs to another user.",
    "CSV job 42 is not a completed export; it has no downloadable result.",
    "Job stopped responding and was marked failed.",
    "Server restarted before the job completed.",
    "Deadlock found when trying to get lock; try restarting transaction",
]


@pytest.mark.parametrize("text", REAL_TEXTS)
def test_what_servers_really_say_stays_readable(text: str) -> None:
    assert redact(text) == text


def test_a_document_is_left_out_and_what_stands_before_it_stays() -> None:
    text = 'Failed to convert JsonValue to MessagingService: {"name": "kafka", "connection": {}}'
    assert redact(text) == "Failed to convert JsonValue to MessagingService: {…}"


def test_of_a_long_text_four_hundred_characters_are_shown() -> None:
    assert redact("words " * 100) == ("words " * 100)[:399] + "…"
    assert redact("a" + " b" * 199 + "c") == "a" + " b" * 199 + "c"


@given(st.text(max_size=6000))
def test_any_text_becomes_one_short_line(text: str) -> None:
    shown = redact(text)
    assert len(shown) <= LONGEST_TEXT
    assert shown == " ".join(shown.split())


@pytest.mark.parametrize("part", ["a", "token", "eyJ", "{", "://", '"\\', "password=", "-----BEGIN "])
def test_megabytes_of_anything_are_read_at_once(part: str) -> None:
    # Expressions that look back and forth once took hours for a body like this.
    assert len(redact(part * 500_000)) <= LONGEST_TEXT


def test_half_a_character_is_no_hindrance_to_writing_the_text() -> None:
    assert redact("Topic \ud800 is gözlü 🚚").encode() == "Topic ? is gözlü 🚚".encode()


SECRET = "c2VjcmV0aHVudGVy"


@pytest.mark.parametrize(
    "text",
    [
        f"jwt={SECRET}",
        f"JWT: {SECRET}",
        f"pass={SECRET}",
        f"db_pass = {SECRET}",
        f"dbPass: {SECRET}",
        f"auth={SECRET}",
        f"Cookie: {SECRET}",
        f"sessionId={SECRET}",
        f"https://store/x?sig={SECRET}&e=1",
        f"bearer {SECRET}",
        f"Bearer: {SECRET}",
        f"Bearer%20{SECRET}1",
        f"the bearer token {SECRET}7 is not valid",
        f'token "{SECRET}" is unknown',
        f"Invalid token: {SECRET}",
        f"Invalid token '{SECRET}'",
        f"password is {SECRET}9",
        f"the password was '{SECRET}'",
        f"password => '{SECRET}'",
        f"password -> {SECRET}",
        f"password := {SECRET}",
        f':password "{SECRET}"',
        f"('password', '{SECRET}')",
        f"password=`{SECRET} {SECRET}`",
        f"password: “{SECRET} {SECRET}”",
        f"&quot;password&quot;:&quot;{SECRET} {SECRET}&quot;",
        f"%22password%22%3A%22{SECRET}%22",
        f"password%3D{SECRET}",
        f'config["sasl"]["password"] = "{SECRET}"',
        f"connection[config][saslPassword]={SECRET}",
        f"$.connection.config.saslPassword: {SECRET}",
        f"/connection/config/saslPassword with '{SECRET}'",
        f"/connection/config/saslPassword value {SECRET}1",
        f"<password>{SECRET}</password>",
        f"<ns:saslPassword type='x'>{SECRET} {SECRET}</ns:saslPassword>",
        f"<jwtToken>\n  {SECRET}\n",
        f"<token><![CDATA[{SECRET}<{SECRET}]]></token>",
        f"<property name='password' value='{SECRET}'/>",
        f'<add key="apiKey" value="{SECRET}"/>',
        f'"name": "password", "value": "{SECRET}"',
        f"http://user:{SECRET}/{SECRET}@proxy:3128",
        f"http://user:/{SECRET}@proxy:3128/",
        f"Please check proxy URL. It is malformed: http://{SECRET}/x@y@proxy",
        f"pass\x1b[0mword={SECRET}",
        f"pass\u200bword={SECRET}",
        f"pass\x00word: {SECRET}",
        "Unauthorized: A8sJ3kdPq0xZ_81mNbVcR5tYuIoP2wEe",
    ],
)
def test_still_other_shapes_of_secrets(text: str) -> None:
    shown = redact(text)
    assert SECRET not in shown
    assert "A8sJ3k" not in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "Could not find the TLS key file, invalid path: /etc/airflow/tls/client.key",
            "Could not find the TLS key file, invalid path: …/client.key",
        ),
        ("[Errno 2] No such file: '/home/ada/.ssh/id_rsa'", "[Errno 2] No such file: '…/id_rsa'"),
        (r"cannot open C:\kafka\ssl\client.jks.", "cannot open …/client.jks."),
    ],
)
def test_a_text_does_not_tell_where_keys_are(text: str, shown: str) -> None:
    assert redact(text) == shown


@given(
    st.text()
    | st.lists(
        st.sampled_from(['"', "'", "password", "=", ": ", "<token>", "x1 ", "{", "://a@b ", "eyJ"])
    ).map("".join)
)
def test_what_was_redacted_stays_as_it_is(text: str) -> None:
    shown = redact(text)
    assert redact(shown) == shown


@given(st.text(st.characters(), max_size=60))
def test_any_text_is_one_line_that_a_log_takes(text: str) -> None:
    for shown in (to_printable(text), redact(text)):
        assert shown == " ".join(shown.split())
        assert len(shown.splitlines()) <= 1
        assert not any(unicodedata.category(char) in {"Cc", "Cs"} for char in shown)
        shown.encode()


def test_nothing_of_a_terminal_is_left() -> None:
    assert to_printable("\x1b[31mred\x1b[0m \x1b]0;title\x07text\x9b2J \u202eevil\u202c") == "red text evil"
    assert to_printable("Görüş नमस्ते 👩‍🚀 می‌خواهم") == "Görüş नमस्ते 👩‍🚀 می‌خواهم"
    assert to_printable("a\r\nb\x85c\u2028d\x0be") == "a b c d e"


@pytest.mark.parametrize("form", ["{}", '{{"message": "{}"}}', "/x?token={}&y"])
def test_a_known_secret_is_taken_out_however_it_is_written(form: str) -> None:
    secret = "a/b+c=d e"
    written = (
        form.format(secret.replace("/", "\\/")) + form.format(quote(secret, safe="")) + form.format(secret)
    )
    body = replace_secrets(written.encode(), (secret, ""))
    assert body.count(b"***") == 3
    assert b"b+c" not in body
    assert b"b%2Bc" not in body

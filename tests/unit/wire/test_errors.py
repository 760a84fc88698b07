"""What a server meant by an error: parts A and J.1 of what servers were seen to answer."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.protocol.wire.errors import find_fault
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.message import Reply
from tests.unit.replies import (
    HTML,
    NOT_FOUND_ON_OLD,
    build_error_reply,
    build_json_reply,
    build_old_error,
    build_reply,
    build_request,
)


def fault(answer: Reply) -> Fault:
    found = find_fault(build_request(), answer)
    assert found is not None
    assert found.status == answer.status
    return found


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_success_is_no_fault(status: int) -> None:
    assert find_fault(build_request(), build_json_reply(status, {"name": "kafka"})) is None
    assert find_fault(build_request(), build_json_reply(199, {"name": "kafka"})) is not None


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (build_error_reply(400, "Invalid request format"), Cause.BAD_REQUEST),
        (build_reply(400, b"[query param limit must be greater than or equal to 0]"), Cause.BAD_REQUEST),
        (build_reply(400, b"Unexpected character", content_type="text/plain"), Cause.BAD_REQUEST),
        (build_reply(401), Cause.UNAUTHORIZED),
        (build_reply(401, b"Unauthorized", content_type="text/plain"), Cause.UNAUTHORIZED),
        (
            build_json_reply(400, {"code": 400, "errorType": "RULE_VIOLATION", "message": "x"}),
            Cause.BAD_REQUEST,
        ),
        (build_error_reply(401, "Not Authorized! Token not present"), Cause.UNAUTHORIZED),
        (build_error_reply(403, "Principal: CatalogPrincipal{name='u'} is not admin"), Cause.FORBIDDEN),
        (build_error_reply(404, "messagingService instance for nope not found"), Cause.NOT_FOUND),
        (build_error_reply(404, "CSV job not found: 42"), Cause.NOT_FOUND),
        (
            build_error_reply(404, "messagingService instance for x and version 0.7 not found"),
            Cause.NOT_FOUND,
        ),
        (build_error_reply(409, "Entity already exists"), Cause.CONFLICT),
        (build_error_reply(412, "The entity has been modified by another user."), Cause.CONFLICT),
        (build_error_reply(413, "Bulk limit"), Cause.BAD_REQUEST),
        (
            build_json_reply(429, {"code": 429, "errorType": "LIMITS_EXCEPTION", "message": "x"}),
            Cause.RATE_LIMITED,
        ),
        (build_error_reply(500, "Failed to parse JsonPatch"), Cause.UNAVAILABLE),
        (build_json_reply(500, {"responseMessage": "An exception with message [null]"}), Cause.UNAVAILABLE),
        (build_error_reply(503, "Deadlock found", retry_after="1"), Cause.UNAVAILABLE),
    ],
)
def test_each_status_has_its_cause(answer: Reply, cause: Cause) -> None:
    assert fault(answer).cause is cause


OWNER = "9ae2a68c-03d8-5cb1-9b01-416f43a9d23f"


@pytest.mark.parametrize(
    ("path", "missing", "is_the_tokens"),
    [
        ("/v1/users/loggedInUser", "etl-bot", True),
        ("/v1/services/messagingServices/name/kafka", "etl-bot", True),
        ("/v1/users/name/ada", "etl-bot", True),
        ("/v1/users/name/etl-bot", "etl-bot", False),
        ("/v1/users/name/%22Carol.Jones%22", '"carol.jones"', False),
        ("/v1/users/name/carol%20x", "carol x", False),
        ("/v1/users/name/%20mei%20%20li%0A", " mei  li\n", False),
        ("/v1/users/name/%22a%22%22b.c%22", '"a""b.c"', False),
        (f"/v1/users/{OWNER}", OWNER, False),
        # An owner that a patch names, or that is in its way.
        ("/v1/topics/7d1c6d0e-33cb-4c33-a2d5-5f0c5f0a0f6e", OWNER, False),
    ],
)
def test_the_tokens_user_is_told_from_one_that_was_asked_for(
    path: str, missing: str, is_the_tokens: bool
) -> None:
    answer = build_error_reply(404, f"user instance for {missing} not found")
    found = find_fault(replace(build_request(), path=path), answer)
    assert found is not None
    assert found.cause is (Cause.UNAUTHORIZED if is_the_tokens else Cause.NOT_FOUND)
    assert (f"The token's user {missing} does not exist" in found.message) == is_the_tokens


@pytest.mark.parametrize(
    "answer",
    [
        build_json_reply(404, {"code": 404, "message": "HTTP 404 Not Found"}),
        build_error_reply(405, "HTTP 405 Method Not Allowed"),
        build_error_reply(406, "HTTP 406 Not Acceptable"),
        build_error_reply(415, "HTTP 415 Unsupported Media Type"),
        build_json_reply(500, {"responseMessage": NOT_FOUND_ON_OLD}),
        build_error_reply(400, "Upload/download CSV for bulk operations is not supported for entity [topic]"),
        build_old_error("HTTP 405 Method Not Allowed"),
        build_old_error("HTTP 406 Not Acceptable"),
        build_old_error("HTTP 415 Unsupported Media Type"),
    ],
)
def test_a_missing_route_is_not_a_missing_service(answer: Reply) -> None:
    found = fault(answer)
    assert found.cause is Cause.UNSUPPORTED
    is_format = "Acceptable" in str(answer.body) or "Media Type" in str(answer.body)
    what = "does not serve the format of" if is_format else "has no route for"
    assert found.message.startswith(
        f"The server {what} CSV export (GET /v1/services/messagingServices/name/kafka): this edition"
    )
    assert "lacks it. The server says: " in found.message
    assert not found.transient


@pytest.mark.parametrize(
    ("answer", "may_have_worked"),
    [
        (build_error_reply(400, "HTTP 404 Not Found"), False),
        (build_error_reply(409, "x"), False),
        (build_error_reply(429, "x"), False),
        (build_error_reply(500, "x"), True),
        (build_error_reply(503, "x"), True),
        (build_reply(200, HTML), True),
        (build_reply(404, b"default backend - 404"), True),
        (build_reply(302), True),
    ],
)
def test_what_may_have_had_its_effect_although_no_answer_says_so(
    answer: Reply, may_have_worked: bool
) -> None:
    found = fault(answer)
    assert found.may_have_worked is may_have_worked
    assert found.cause is not Cause.UNSUPPORTED


ENTITY = '{"id":"026d","name":"k","connection":{"config":{"saslPassword":"hunter2"}},"tags":[]}'


@pytest.mark.parametrize(
    ("text", "method", "cause", "expected"),
    [
        (f"'{ENTITY}' contains no value for name 'displayName'", "PATCH", Cause.BAD_REQUEST, "'displayName'"),
        ("JsonPatch.Operation.TEST fails! Values differ", "PATCH", Cause.BAD_REQUEST, "Operation.TEST fails"),
        (
            "The JSON Patch operation 'test' failed for path '/version': other value",
            "PATCH",
            Cause.BAD_REQUEST,
            "operation 'test' failed",
        ),
        ("'[]' contains no element for index 99 and for '99'.", "PATCH", Cause.BAD_REQUEST, "index 99"),
        ("An array item index is out of range. Index: 9, Size: 1", "PATCH", Cause.BAD_REQUEST, "not"),
        ("contains no value for name 'x'", "GET", Cause.UNAVAILABLE, "failed (500)"),
        (
            "PSQLException: ERROR: Detail: \\u0000 cannot be converted to text.",
            "PATCH",
            Cause.BAD_REQUEST,
            "U+0000",
        ),
        ("No key found in with kid f688365c", "GET", Cause.UNAUTHORIZED, "belong together"),
        (
            "com.auth0.jwk.SigningKeyNotFoundException: JWT Token keyID doesn't match the configured keyID.",
            "GET",
            Cause.UNAUTHORIZED,
            "belong together",
        ),
        ("HikariPool-1 - Connection is not available", "PATCH", Cause.UNAVAILABLE, "failed (500)"),
    ],
)
def test_a_500_that_means_the_request_is_named_after_what_is_wrong_with_it(
    text: str, method: str, cause: Cause, expected: str
) -> None:
    found = find_fault(build_request(method=method), build_old_error(text))
    assert found is not None
    assert found.cause is cause
    assert expected in found.message
    assert "hunter2" not in found.message
    assert not found.transient


def test_a_service_whose_name_looks_like_a_status_is_still_a_missing_service() -> None:
    answer = build_error_reply(404, "messagingService instance for HTTP 500 x not found")
    assert fault(answer).cause is Cause.NOT_FOUND


@pytest.mark.parametrize(
    "answer",
    [
        build_reply(404),
        build_reply(404, b"Not Found", content_type="text/plain"),
        build_reply(404, HTML, content_type="text/html"),
        build_reply(404, b"default backend - 404"),
        build_json_reply(404, {}),
        build_json_reply(404, []),
        build_json_reply(404, {"detail": "Not Found"}),
        build_json_reply(404, {"status": 404, "error": "Not Found", "path": "/api/v1/x"}),
        build_json_reply(404, {"message": "no Route matched with those values"}),
    ],
)
def test_a_404_of_another_server_is_no_missing_service(answer: Reply) -> None:
    # "No such service" would send the user looking for a typo in the name, the mistake being in Host.
    found = fault(answer)
    assert found.cause is Cause.UNEXPECTED_REPLY
    assert "Host" in found.message


@pytest.mark.parametrize(
    ("answer", "cause", "transient"),
    [
        (build_reply(200, HTML, content_type="text/html"), Cause.UNEXPECTED_REPLY, False),
        (build_reply(200, HTML), Cause.UNEXPECTED_REPLY, False),
        (build_reply(302, HTML, location="https://login.example/"), Cause.UNEXPECTED_REPLY, False),
        (build_reply(400, HTML), Cause.UNEXPECTED_REPLY, False),
        (build_reply(401, HTML), Cause.UNAUTHORIZED, False),
        (build_reply(403, HTML), Cause.FORBIDDEN, False),
        (build_reply(404, HTML), Cause.UNEXPECTED_REPLY, False),
        (build_reply(413, HTML), Cause.BAD_REQUEST, False),
        (build_reply(429, HTML), Cause.RATE_LIMITED, True),
        (build_reply(500, HTML), Cause.UNAVAILABLE, False),
        (build_reply(502, HTML), Cause.UNAVAILABLE, True),
        (build_reply(503, HTML), Cause.UNAVAILABLE, True),
        (build_reply(504, HTML), Cause.UNAVAILABLE, True),
    ],
)
def test_html_is_named_by_what_its_sender_means(answer: Reply, cause: Cause, transient: bool) -> None:
    # A gateway answers for a server that restarts with a page of its own: that passes, a login page does not.
    found = fault(answer)
    assert (found.cause, found.transient) == (cause, transient)
    assert "<" not in found.message
    if answer.status != 302:
        assert "HTML" in found.message


def test_a_redirect_tells_where_to_without_what_the_query_holds() -> None:
    found = fault(build_reply(302, location="https://u:hunter2@login.example/start?state=abc123"))
    assert "login.example/start" in found.message
    assert "hunter2" not in found.message
    assert "abc123" not in found.message
    assert "a redirect to nowhere that is not followed" in fault(build_reply(307)).message


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("Not Authorized! Token not present", "put the JWT in the connection's Password"),
        ("Expired token!", "has expired: create a new one"),
        ("Not Authorized! The given token does not match the current bot's token!", "newer token"),
        ("Not Authorized! Invalid personal access token!", "was revoked"),
        (
            "Not Authorized! Invalid token. Token verification failed. Public key mismatch.",
            "check that Host and token belong together",
        ),
        (
            "Not Authorized! Token signing key not found in configured public keys",
            "check that Host and token belong together",
        ),
        ("Not Authorized! Invalid token.", "Check the connection's token"),
        ("Not Authorized! Invalid session.", "Check the connection's token"),
        ("", "Check the connection's token"),
    ],
)
def test_a_401_says_what_to_do_about_the_token(text: str, advice: str) -> None:
    found = fault(build_error_reply(401, text))
    assert advice in found.message
    assert text in found.message


def test_too_large_says_what_to_do() -> None:
    assert "several files" in fault(build_reply(413)).message


@pytest.mark.parametrize("status", [400, 401, 403, 409, 412, 413, 418, 429, 500, 502, 503, 504])
@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{}", b'{"message": null}', b'{"message": {}}', b"\xff\xfe", b"{"]
)
def test_a_body_without_words_still_gives_a_sentence(status: int, body: bytes) -> None:
    message = fault(build_reply(status, body)).message
    assert str(status) in message
    assert "None" not in message


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 500])
def test_the_authentication_header_does_not_decide(status: int) -> None:
    replace_header = fault(build_error_reply(status, "messagingService instance for x not found"))
    without = fault(
        build_error_reply(status, "messagingService instance for x not found", www_authenticate="")
    )
    assert replace_header.cause is without.cause
    assert (replace_header.cause is Cause.UNAUTHORIZED) == (status == 401)


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 409, 413, 429, 500, 502])
@pytest.mark.parametrize("key", ["message", "responseMessage"])
def test_no_body_shows_its_secrets(status: int, key: str) -> None:
    body = {"code": status, key: 'Failed: {"name": "k", "saslPassword": "hunter2"} password=hunter2'}
    found = find_fault(build_request(), build_json_reply(status, body))
    assert "hunter2" not in (found.message if found else "")
    found = find_fault(build_request(), build_reply(status, b"password=hunter2", content_type="text/plain"))
    assert "hunter2" not in (found.message if found else "")


@pytest.mark.parametrize("status", [*range(300, 600)])
def test_only_passing_troubles_are_transient(status: int) -> None:
    # A 500 is the same every time: old servers answer wrong requests with it.
    assert fault(build_error_reply(status, "x")).transient == (status in {429, 502, 503, 504})


@given(
    st.integers(100, 599),
    st.binary(max_size=200),
    st.dictionaries(
        st.sampled_from(["retry-after", "content-type", "location", "date", "www-authenticate"]),
        st.text(st.characters(max_codepoint=255), max_size=60),
    ),
)
def test_no_reply_breaks_the_reader(status: int, body: bytes, headers: dict[str, str]) -> None:
    found = find_fault(build_request(), Reply(status, headers, body))
    assert (found is None) <= (200 <= status < 300)


@pytest.mark.parametrize(
    ("text", "advised"),
    [
        ("messagingService instance for Sample_Kafka not found", True),
        ("messagingService instance for Sample_Kafka not found.", True),
        ("topic instance for sample_kafka.Orders not found", True),
        ("tag instance for PII.Gone not found", False),  # deleted, but not for good
        ("CSV job not found: 42", False),
    ],
)
def test_a_name_that_is_not_found_may_be_written_in_another_case(text: str, advised: bool) -> None:
    expected = f"Not found (404): {text.rstrip('.')}"
    assert fault(build_error_reply(404, text)).message == (
        f"{expected}. Names are case-sensitive." if advised else expected
    )

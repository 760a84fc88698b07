"""Who gets in, what they are answered when they do not, and what they may see and change."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import jwt
import pytest
import requests

from airflow_provider_om_messaging.sandbox import Sandbox
from tests.contract.sandbox_http import SERVICES, Api, build_row, build_table

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


def get_refusal(sandbox: Sandbox, authorization: str | None) -> str:
    headers = {} if authorization is None else {"Authorization": authorization}
    reply = requests.get(sandbox.url + "/api/v1/topics", headers=headers, timeout=300)
    assert reply.status_code == 401, reply.text
    assert reply.headers["WWW-Authenticate"] == "om-auth"
    assert reply.json()["code"] == 401
    return str(reply.json()["message"])


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic YTpi", "bearer x.y.z"])
def test_a_missing_token_is_told_apart(sandbox: Sandbox, header: str | None) -> None:
    assert get_refusal(sandbox, header) == "Not Authorized! Token not present"


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "e30.e30.e30", "..", "\xe9.\xe9.\xe9"])
def test_what_is_no_jwt_is_invalid(sandbox: Sandbox, token: str) -> None:
    assert get_refusal(sandbox, f"Bearer {token}") == "Not Authorized! Invalid token."


def test_token_states_have_their_own_texts(sandbox: Sandbox) -> None:
    def get_refusal_of_token(**state: Any) -> str:
        return get_refusal(sandbox, "Bearer " + sandbox.token(**state))

    assert get_refusal_of_token(expires_in=-1) == "Expired token!"
    assert get_refusal_of_token(expires_in=-1, signed_by="stranger") == "Expired token!"
    assert get_refusal_of_token(signed_by="stranger") == (
        "Not Authorized! Invalid token. Token verification failed. Public key mismatch."
    )
    assert get_refusal_of_token(kid="rotated").startswith(
        "Not Authorized! Token signing key not found in configured public keys"
    )


def test_unsigned_and_symmetric_tokens_are_no_way_in(sandbox: Sandbox) -> None:
    claims = {"sub": "admin", "iss": "open-metadata.org"}
    for algorithm, key in (("none", None), ("HS256", "k" * 32)):
        forged = jwt.encode(claims, key, algorithm=algorithm, headers={"kid": "om-sandbox-key"})
        assert "Public key mismatch" in get_refusal(sandbox, f"Bearer {forged}")


def test_tokens_expire_by_the_sandbox_clock() -> None:
    with Sandbox() as sandbox:
        api = Api(sandbox, sandbox.token("alice", expires_in=60))
        assert api.get("/v1/topics").status_code == 200
        sandbox.advance_clock(61)
        assert api.get("/v1/topics").json()["message"] == "Expired token!"
        assert Api(sandbox).get("/v1/topics").status_code == 200


def test_a_superseded_bot_token_stops_working_and_the_new_one_works() -> None:
    with Sandbox() as sandbox:
        old = Api(sandbox)
        new = Api(sandbox, sandbox.supersede_bot_token())
        assert old.get("/v1/topics").json() == {
            "code": 401,
            "message": "Not Authorized! The given token does not match the current bot's token!",
        }
        assert new.get("/v1/topics").status_code == 200
        assert sandbox.bot_token == new.token


def test_the_published_key_checks_the_tokens(sandbox: Sandbox) -> None:
    published = Api(sandbox, "").json("/v1/system/config/jwks")["keys"]
    assert set(published[0]) == {"kty", "kid", "n", "e", "alg", "use"}
    key = jwt.PyJWK(published[0])
    assert jwt.decode(sandbox.bot_token, key.key, algorithms=["RS256"])["sub"] == "ingestion-bot"
    assert jwt.get_unverified_header(sandbox.bot_token)["kid"] == published[0]["kid"]


@pytest.mark.parametrize("path", ["version", "config/jwks", "config/auth", "config/authorizer", "health"])
def test_system_routes_need_no_token(sandbox: Sandbox, path: str) -> None:
    assert Api(sandbox, "").get(f"/v1/system/{path}").status_code == 200


def test_the_version_is_a_2_0(sandbox: Sandbox) -> None:
    answer = Api(sandbox, "").json("/v1/system/version")
    assert answer["version"].startswith("2.0.")
    assert isinstance(answer["revision"], str)
    assert isinstance(answer["timestamp"], int)


def test_a_missing_route_is_a_404_for_everybody_and_not_a_401(sandbox: Sandbox) -> None:
    for path in ("/v1/nope", "/nope", "", "/v1//topics", "/v1/topics/name/a/b/c", "/v1/topics/not-a-uuid"):
        token = "" if "not-a-uuid" not in path else sandbox.bot_token
        reply = Api(sandbox, token).get(path)
        assert (reply.status_code, reply.json()) == (404, {"code": 404, "message": "HTTP 404 Not Found"})
        assert "WWW-Authenticate" not in reply.headers


def test_outside_the_api_is_a_web_page_with_status_200(sandbox: Sandbox) -> None:
    for path in ("/", "/explore", "/apix/v1/topics"):
        reply = requests.get(sandbox.url + path, timeout=300)
        assert reply.status_code == 200
        assert reply.headers["Content-Type"].startswith("text/html")


def test_wrong_verbs_say_which_ones_are_right(sandbox: Sandbox) -> None:
    reply = Api(sandbox, "")("DELETE", "/v1/system/version")
    assert reply.json() == {"code": 405, "message": "HTTP 405 Method Not Allowed"}
    assert reply.headers["Allow"] == "GET, HEAD, OPTIONS"
    options = Api(sandbox, "")("OPTIONS", SERVICES)
    assert (options.status_code, options.headers["Allow"]) == (200, "GET, HEAD, OPTIONS, POST, PUT")


def test_a_user_that_does_not_exist_is_not_found() -> None:
    with Sandbox() as sandbox, pytest.raises(ValueError, match="no user 'nobody'"):
        sandbox.token("nobody")


def test_the_logged_in_user_is_the_tokens(sandbox: Sandbox) -> None:
    for token, name in ((sandbox.admin_token, "admin"), (sandbox.bot_token, "ingestion-bot")):
        user = Api(sandbox, token).json("/v1/users/loggedInUser")
        assert user["name"] == name
        assert "teams" not in user
    user = Api(sandbox, sandbox.token("alice")).json("/v1/users/loggedInUser?fields=teams,roles")
    assert user["roles"][0]["name"] == "DataSteward"
    assert user["teams"][0]["type"] == "team"


def test_a_reader_may_look_and_not_touch(sandbox: Sandbox) -> None:
    reader = Api(sandbox, sandbox.read_only_token)
    assert reader.export("edge.kafka").startswith("name,")
    before = Api(sandbox).service("edge.kafka")
    path = f"{SERVICES}/{before['id']}"
    denied = {
        "description": reader.patch(path, {"op": "add", "path": "/description", "value": "x"}),
        "owners": reader.patch(path, {"op": "add", "path": "/owners", "value": []}),
        "import": reader.load(build_table(build_row("x")), "edge.kafka"),
        "async": reader(
            "PUT",
            f"{SERVICES}/name/edge.kafka/importAsync",
            data=b"x",
            headers={"Content-Type": "text/plain"},
        ),
        "create": reader("POST", SERVICES, json={"name": "x", "serviceType": "Kafka"}),
        "delete": reader("DELETE", path),
    }
    answer = {name: (reply.status_code, reply.json()["message"]) for name, reply in denied.items()}
    who = "Principal: CatalogPrincipal{name='reader'} operations"
    assert answer == {
        "description": (403, f"{who} [EditDescription] not allowed"),
        "owners": (403, f"{who} [EditOwners] not allowed"),
        "import": (403, f"{who} [EditAll] not allowed"),
        "async": (403, f"{who} [EditAll] not allowed"),
        "create": (403, f"{who} [Create] not allowed"),
        "delete": (403, f"{who} [Delete] not allowed"),
    }
    assert all(reply.headers["WWW-Authenticate"] == "om-auth" for reply in denied.values())
    assert Api(sandbox).service("edge.kafka") == before


def test_a_steward_may_change_what_the_role_gives(sandbox: Sandbox) -> None:
    steward = Api(sandbox, sandbox.token("alice"))
    path = f"{SERVICES}/name/empty_pubsub"
    assert steward.patch(path, {"op": "add", "path": "/description", "value": "by Alice"}).status_code == 200
    reply = steward.patch(path, {"op": "add", "path": "/domains", "value": []})
    assert (reply.status_code, "[EditDomains]" in reply.text) == (403, True)


def test_only_bots_see_secrets_and_readers_see_no_connection(sandbox: Sandbox) -> None:
    config = Api(sandbox).service()["connection"]["config"]
    assert config["saslPassword"] == "kafka-sandbox-secret"
    masked = Api(sandbox, sandbox.admin_token).service()["connection"]["config"]
    assert masked == {**config, "saslPassword": "*********", "basicAuthUserInfo": "*********"}
    steward = Api(sandbox, sandbox.token("alice"))
    assert steward.service()["connection"]["config"] == masked
    assert "connection" not in Api(sandbox, sandbox.read_only_token).service()
    for token in (sandbox.read_only_token, sandbox.token("alice"), sandbox.person_token):
        assert "secret" not in Api(sandbox, token).get(SERVICES).text
    for name in Api(sandbox).json(SERVICES)["data"]:
        shown = Api(sandbox, sandbox.admin_token).get(f"{SERVICES}/{name['id']}").text
        assert "sandbox-secret" not in shown
        assert "*********" in shown


def test_versions_hide_secrets_too(sandbox: Sandbox) -> None:
    service = Api(sandbox).service()
    for path in ("versions", "versions/0.1"):
        assert (
            "secret" not in Api(sandbox, sandbox.admin_token).get(f"{SERVICES}/{service['id']}/{path}").text
        )
        assert "secret" in Api(sandbox).get(f"{SERVICES}/{service['id']}/{path}").text


def test_login_wants_base64_and_the_right_password(sandbox: Sandbox) -> None:
    def login(password: str) -> requests.Response:
        body = json.dumps({"email": "alice@example.com", "password": password})
        headers = {"Content-Type": "application/json"}
        return Api(sandbox, "")("POST", "/v1/users/login", data=body, headers=headers)

    assert login("no base64!").json()["message"] == "Password needs to be encoded in Base-64."
    assert login(base64.b64encode(b"wrong").decode()).status_code == 401
    answer = login(base64.b64encode(b"alice").decode()).json()
    assert answer["tokenType"] == "Bearer "
    assert Api(sandbox, answer["accessToken"]).json("/v1/users/loggedInUser")["name"] == "alice"

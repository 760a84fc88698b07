"""What the framework of a generation answers, and what it says of tokens."""

from __future__ import annotations

import pytest
import requests

from tests.contract.sandbox.generations.shared import (
    BEFORE_1_9,
    KAFKA,
    NEITHER_NOR,
    find_by_id,
    is_framework_error,
    put,
)
from tests.contract.sandbox_http import SERVICES, Api

FRAMEWORK = {
    "no such route": ("GET", "/v1/nothing", {}, 404),
    "two slashes": ("GET", "/v1//topics", {}, 404),
    "an id that is no UUID": ("GET", f"{SERVICES}/not-a-uuid", {}, 404),
    "its versions": ("GET", f"{SERVICES}/not-a-uuid/versions", {}, 404),
    "wrong verb": ("DELETE", "/v1/system/version", {}, 405),
    "media type that is not served": ("GET", "/v1/topics", {"Accept": "text/csv"}, 406),
    "media type that is not taken": ("PATCH", f"{SERVICES}/{NEITHER_NOR}", {"Content-Type": "text/xml"}, 415),
}


@pytest.mark.parametrize("case", FRAMEWORK)
def test_what_the_framework_refuses(each: Api, case: str) -> None:
    method, path, headers, status = FRAMEWORK[case]
    reply = each(method, path, headers=headers)
    assert is_framework_error(reply, status)
    assert reply.status_code == (500 if each.sandbox.generation in BEFORE_1_9 else status)


def test_a_missing_entity_is_a_404_of_its_own_everywhere(each: Api) -> None:
    reply = each.get(f"{SERVICES}/name/nope")
    assert reply.status_code == 404
    assert reply.json() == {"code": 404, "message": "messagingService instance for nope not found"}
    assert reply.headers["WWW-Authenticate"] == "om-auth"


def test_a_missing_route_needs_no_token_and_a_bad_id_does(each: Api) -> None:
    stranger = Api(each.sandbox, "")
    assert is_framework_error(stranger.get("/v1/nothing"), 404)
    assert stranger.get(f"{SERVICES}/not-a-uuid").status_code == 401


def test_options_tell_the_verbs(each: Api) -> None:
    reply = Api(each.sandbox, "")("OPTIONS", KAFKA)
    assert reply.status_code == 200
    has_patch = "PATCH" in reply.headers["Allow"]
    assert has_patch == (each.sandbox.generation != "1.2")


def test_a_slash_at_the_end_does_no_harm(each: Api) -> None:
    assert each.get(KAFKA + "/").json()["name"] == "sample_kafka"


def test_outside_of_the_api_there_is_html(each: Api) -> None:
    reply = requests.get(f"{each.sandbox.url}/settings/services", timeout=300)
    assert reply.headers["Content-Type"].startswith("text/html")
    assert reply.status_code == (404 if each.sandbox.generation in BEFORE_1_9 else 200)


@pytest.mark.parametrize("body", ["{", "nothing", ""])
def test_json_that_cannot_be_parsed_is_answered_in_plain_text_by_old_servers(each: Api, body: str) -> None:
    reply = each("POST", "/v1/topics", data=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 400
    if each.sandbox.generation in BEFORE_1_9:
        assert reply.headers["Content-Type"].startswith("text/plain")
        assert reply.text
    else:
        assert reply.json() == {"code": 400, "message": "Invalid request format"}


def test_what_nobody_caught(each: Api) -> None:
    each.sandbox.fault("500")
    reply = each.get(KAFKA)
    assert reply.status_code == 500
    body = reply.json()
    if each.sandbox.generation == "1.2":
        assert list(body) == ["responseMessage"]
    elif each.sandbox.generation == "1.6":
        assert list(body) == ["responseMessage", "errorType"]
    else:
        assert (body["code"], body["errorType"]) == (500, "UNHANDLED")


NO_TOKEN, BAD = "Not Authorized! Token not present", "Not Authorized! Invalid token."
UNDECODABLE = {"1.6": "Not Authorized! Unable to decode the token.", "1.2": "Invalid token"}


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (None, NO_TOKEN),
        ("Basic YTpi", NO_TOKEN),
        ("bearer {token}", NO_TOKEN),
        ("Bearer gibberish", BAD),
    ],
)
def test_tokens_that_are_refused_alike(each: Api, header: str | None, message: str) -> None:
    headers = {"Authorization": header.format(token=each.token)} if header else {}
    reply = Api(each.sandbox, "").get(KAFKA, headers=headers)
    if message == BAD:
        message = UNDECODABLE.get(each.sandbox.generation, BAD)
    assert (reply.status_code, reply.json()) == (401, {"code": 401, "message": message})


def test_an_expired_token_is_told_so(each: Api) -> None:
    reply = Api(each.sandbox, each.sandbox.token(expires_in=-1)).get(KAFKA)
    assert (reply.status_code, reply.json()["message"]) == (401, "Expired token!")


@pytest.mark.parametrize(("generation", "status"), [("2.0", 401), ("1.13", 401), ("1.6", 500), ("1.2", 500)])
def test_a_scheme_without_a_token(all_of_them: dict[str, Api], generation: str, status: int) -> None:
    reply = Api(all_of_them[generation].sandbox, "").get(KAFKA, headers={"Authorization": "Bearer"})
    assert reply.status_code == status


@pytest.mark.parametrize(("generation", "status"), [("2.0", 401), ("1.13", 500), ("1.6", 500), ("1.2", 500)])
def test_a_token_of_an_unknown_key(all_of_them: dict[str, Api], generation: str, status: int) -> None:
    sandbox = all_of_them[generation].sandbox
    assert Api(sandbox, sandbox.token(kid="rotated")).get(KAFKA).status_code == status


@pytest.mark.parametrize(("generation", "operation"), [("2.0", "EditOwners"), ("1.2", "EditOwner")])
def test_rights_that_are_missing(all_of_them: dict[str, Api], generation: str, operation: str) -> None:
    sandbox = all_of_them[generation].sandbox
    reader = Api(sandbox, sandbox.read_only_token)
    member = operation.removeprefix("Edit").lower()
    reply = reader.patch(find_by_id(reader), put(f"/{member}", None))
    assert reply.status_code == 403
    who = "Principal: CatalogPrincipal{name='reader'}"
    assert reply.json()["message"] == f"{who} operations [{operation}] not allowed"


def test_a_wrong_password(each: Api) -> None:
    login = {"email": "admin@example.com", "password": "d3Jvbmc="}
    reply = Api(each.sandbox, "")("POST", "/v1/users/login", json=login)
    assert reply.status_code == (400 if each.sandbox.generation in BEFORE_1_9 else 401)

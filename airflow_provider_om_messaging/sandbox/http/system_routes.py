"""Routes about the server itself, the caller, and what has happened."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import TYPE_CHECKING

from airflow_provider_om_messaging.sandbox.access import rights
from airflow_provider_om_messaging.sandbox.entities import certifications, views
from airflow_provider_om_messaging.sandbox.entity_types import custom_fields
from airflow_provider_om_messaging.sandbox.entity_types.registry import ENTITY_TYPES, TOPIC, USER, Document
from airflow_provider_om_messaging.sandbox.http.errors import ApiError, bad_request, no_route, not_found
from airflow_provider_om_messaging.sandbox.http.router import TEXT, Call, Reply, Route

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox.state import SandboxState

#: Parameter of ``/v1/events`` and the event types it selects.
_EVENTS = {
    "entityCreated": ("entityCreated",),
    "entityUpdated": ("entityUpdated",),
    "entityRestored": ("entityRestored",),
    "entityDeleted": ("entityDeleted", "entitySoftDeleted"),
}
_LOGIN_SECONDS = 3600


def list_routes() -> list[Route]:
    """Return the routes."""
    return [
        Route("GET", "v1/system/version", _get_version, open=True),
        Route("GET", "v1/system/health", _get_health, produces=TEXT, open=True),
        Route("GET", "v1/system/config/jwks", _get_jwks, open=True),
        Route("GET", "v1/system/config/auth", _get_auth, open=True),
        Route("GET", "v1/system/config/authorizer", _get_authorizer, open=True),
        Route("GET", "v1/system/settings/{name}", _get_setting),
        Route("POST", "v1/users/login", _log_in, consumes="application/json", open=True),
        Route("GET", "v1/users/loggedInUser", _get_logged_in_user, ("fields",)),
        Route("GET", "v1/permissions/{resource}", _get_permissions, ("user",)),
        Route("GET", "v1/permissions/{resource}/{id}", _get_permissions, ("user",)),
        Route("GET", "v1/permissions/{resource}/name/{fqn}", _get_permissions, ("user",)),
        Route("GET", "v1/metadata/types/name/{name}", _get_entity_type, ("fields", "include")),
        Route("GET", "v1/events", _list_events, (*_EVENTS, "timestamp"), exists=_has_events),
    ]


async def _get_version(call: Call) -> Reply:
    version = call.state.generation.version
    revision = hashlib.sha256(version.encode()).hexdigest()[:40]
    return Reply({"version": version, "revision": revision, "timestamp": 1_786_000_000_000})


async def _get_health(call: Call) -> Reply:
    return Reply(b"OK", content_type=TEXT)


async def _get_jwks(call: Call) -> Reply:
    return Reply(call.state.tokens.build_jwks())


async def _get_auth(call: Call) -> Reply:
    return Reply({"provider": "basic", "publicKeyUrls": [f"{call.base}/v1/system/config/jwks"]})


async def _get_authorizer(call: Call) -> Reply:
    return Reply({"principalDomain": "example.com"})


async def _get_setting(call: Call) -> Reply:
    """Return a setting, which only administrators may see; one that was never made is a 204."""
    rights.require_admin(call.caller)
    known = "certification" in call.state.generation.adapt_entity_type(TOPIC).properties
    if call.path["name"] != certifications.SETTING or not known:
        return Reply(None, 204)
    return Reply(certifications.build_setting(call.state.switches.certifies))


async def _log_in(call: Call) -> Reply:
    """Log a user in; in the sandbox everybody's password is the user's name."""
    body = call.read_json_object()
    try:
        password = base64.b64decode(str(body.get("password")), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise bad_request("Password needs to be encoded in Base-64.") from None
    for user in call.state.catalog.iterate_entities(USER.name):
        if user["email"] == body.get("email") and user["name"] == password and not user.get("isBot"):
            token = call.state.tokens.mint(user, _LOGIN_SECONDS)
            reply = {"accessToken": token, "refreshToken": user["id"], "tokenType": "Bearer "}
            return Reply({**reply, "expiryDuration": _LOGIN_SECONDS})
    status = call.state.generation.login_status
    raise ApiError(status, "You have entered an invalid email or password.", om_auth=status == 401)


async def _get_logged_in_user(call: Call) -> Reply:
    entity_type = call.state.generation.adapt_entity_type(USER)
    fields = views.parse_fields(entity_type, call.query.get("fields"))
    return Reply(views.render(call.state.catalog, entity_type, call.caller, call.caller, call.base, fields))


async def _get_permissions(call: Call) -> Reply:
    """Return what the caller may do to entities of a type, or to one of them."""
    resource = call.path["resource"]
    if resource not in ENTITY_TYPES:
        raise bad_request(f"Resource type {resource} not found")
    on = None if call.path.keys() == {"resource"} else _find_judged_entity(call, resource)
    return Reply(rights.describe_rights(call.state.generation, call.caller, resource, on))


def _find_judged_entity(call: Call, resource: str) -> Document:
    """Return an entity with what it inherits; one that is not there is judged as having no owner."""
    catalog = call.state.catalog
    if "fqn" in call.path:
        found = catalog.find(resource, call.path["fqn"], "all")
    else:
        found = catalog.entities[resource].get(call.read_entity_id())
    entity_type = call.state.generation.adapt_entity_type(ENTITY_TYPES[resource])
    return views.complete_entity(catalog, entity_type, found) if found else {}


async def _get_entity_type(call: Call) -> Reply:
    """Return an entity type: the way to its custom properties. Types of properties are not here."""
    name = call.path["name"]
    requested = {part.strip() for part in call.query.get("fields", "").split(",")} - {""}
    for field in sorted(requested - {custom_fields.PROPERTIES, "*"}):
        raise bad_request(f"Invalid field name {field}")
    if name not in ENTITY_TYPES:
        raise not_found("type", name)
    return Reply(custom_fields.describe_entity_type(name, call.base, properties=bool(requested)))


def _has_events(state: SandboxState) -> bool:
    return state.switches.events != "absent"


async def _list_events(call: Call) -> Reply:
    """Return every matching event since a time: no limit, no cursor, oldest first."""
    try:
        since = int(call.query.get("timestamp", 0))
    except ValueError:
        raise no_route() from None
    unknown = call.state.generation.unknown
    selected: dict[str, set[str]] = {}
    for parameter, event_types in _EVENTS.items():
        if f"changeEvent.{parameter}" not in unknown:
            selected.update(
                dict.fromkeys(event_types, _parse_entity_types(parameter, call.query.get(parameter)))
            )
    events = [
        _show_event(event)
        for event in call.state.catalog.events
        if event["timestamp"] >= since and _is_selected(event, selected)
    ]
    if call.state.switches.events == "empty":
        events = []
    events.sort(key=lambda event: int(event["timestamp"]))
    return Reply({"data": events, "paging": {"total": len(events)}})


def _show_event(event: Document) -> Document:
    """Return an event as it is returned: with the entity as a JSON text, its secrets masked for everybody."""
    entity = dict(event["entity"])
    if "connection" in entity:
        entity["connection"] = views.mask(entity["connection"])
    members = {name: value for name, value in event.items() if value is not None}
    return {**members, "entity": json.dumps(entity, ensure_ascii=False)}


def _parse_entity_types(parameter: str, text: str | None) -> set[str]:
    entity_types = {part.strip() for part in (text or "").split(",")} - {""}
    if "*" in entity_types:
        return set(ENTITY_TYPES)
    for entity_type in sorted(entity_types):
        if entity_type not in ENTITY_TYPES:
            raise bad_request(f"Invalid entity {entity_type} in query param {parameter}")
    return entity_types


def _is_selected(event: Document, selected: dict[str, set[str]]) -> bool:
    return event["entityType"] in selected.get(event["eventType"], set())

"""Users and teams, who own things and do them."""

from __future__ import annotations

from airflow_provider_om_messaging.sandbox.entity_types.shapes import COMMON, EntityType

#: Properties of both that the server stores and nothing here looks at.
_BESIDES = {"profile": "object", "externalId": "text", "scimUserName": "text"}

USER = EntityType(
    name="user",
    collection="users",
    properties={
        **COMMON,
        **_BESIDES,
        "email": "text",
        "timezone": "text",
        "isBot": "flag",
        "isAdmin": "flag",
        "isEmailVerified": "flag",
        "teams": "references",
        "roles": "references",
        "inheritedRoles": "references",
        "personas": "references",
        "domains": "references",
    },
    on_request=frozenset({"teams", "roles", "inheritedRoles", "personas", "domains", "profile"}),
    create={
        **_BESIDES,
        "name": "text",
        "displayName": "text",
        "description": "text",
        "email": "text",
        "timezone": "text",
        "isBot": "flag",
        "isAdmin": "flag",
        "teams": "names",
        "roles": "names",
        "domains": "names",
        "createPasswordType": "text",
        "password": "text",
        "confirmPassword": "text",
    },
    required=("name", "email"),
)
TEAM = EntityType(
    name="team",
    collection="teams",
    properties={
        **COMMON,
        **_BESIDES,
        "teamType": "text",
        "email": "text",
        "isJoinable": "flag",
        "parents": "references",
        "children": "references",
        "users": "references",
        "owners": "references",
        "defaultRoles": "references",
        "inheritedRoles": "references",
        "policies": "references",
        "domains": "references",
    },
    on_request=frozenset(
        {
            "parents",
            "children",
            "users",
            "owners",
            "defaultRoles",
            "inheritedRoles",
            "policies",
            "domains",
            "profile",
        }
    ),
    create={
        **_BESIDES,
        "name": "text",
        "displayName": "text",
        "description": "text",
        "teamType": "text",
        "email": "text",
        "isJoinable": "flag",
        "parents": "names",
        "users": "names",
        "owners": "references",
        "defaultRoles": "names",
        "domains": "names",
    },
    required=("name", "teamType"),
    defaults={"isJoinable": True},
)

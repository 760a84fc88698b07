"""Verdicts on the rows of topics in the words of a server, and the advice that it does not give."""

from __future__ import annotations

CREATED, UPDATED, RESTORED = "Entity created", "Entity updated", "Entity restored"
FIELD_REQUIRED = "#FIELD_REQUIRED: Field 1 is required"
"""The details for a row without a name."""


def describe_unknown_topic(name: str, *, was_deleted: bool) -> str:
    """
    Return the details for a row whose topic the service does not have.

    :param was_deleted: whether it was deleted softly: then it keeps its name.
    """
    if was_deleted:
        return (
            f"#INVALID_FIELD: Field 1 error - Entity {_quote(name)} of type topic was deleted, but not for "
            "good. create_missing=True restores it, with all that it had but for what the row says"
        )
    return describe_missing_topic(name, "Topics come from the broker; create_missing=True creates them")


def describe_missing_topic(name: str, advice: str) -> str:
    """Return the details for a row whose topic there is not."""
    return f"#INVALID_FIELD: Field 1 error - Entity {_quote(name)} of type topic not found. {advice}"


def describe_unknown_field(name: str) -> str:
    """Return the details for a row whose field no topic of the service has in its schema."""
    return (
        f"#INVALID_FIELD: Field 1 error - Field {_quote(name)} not found in the schema of a topic. Fields "
        "come from the schema registry: a CSV only describes and labels them. Names that have dots stand in "
        'quotes, such as "inventory.v1".sku'
    )


def _quote(name: str) -> str:
    return name if name == name.strip() else repr(name)

"""What the values of an entity's fields mean: which are the same, which are inherited, how they are shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from airflow_provider_om_messaging.protocol.model.masking import mask_values, matches_merge_patch
from airflow_provider_om_messaging.protocol.model.schema_fields import SchemaChanges
from airflow_provider_om_messaging.protocol.wire.json_values import is_same_value
from airflow_provider_om_messaging.protocol.wire.printable import to_printable

Entity = dict[str, Any]

TEXTS = ("description", "displayName")
LISTS = ("owners", "tags", "domains")
CONNECTION = "connection"
CERTIFICATION = "certification"
UNMARKED = "unmarked"
"""What ``inherited`` says where the server does not: the entity may have it itself, or inherit it."""

DERIVED = "Derived"
"""What ``labelType`` says of a label that comes with a glossary term."""

_BOOKKEEPING = {
    "id",
    "version",
    "updatedAt",
    "updatedBy",
    "href",
    "impersonatedBy",
    "changeDescription",
    "incrementalChangeDescription",
}
_KEPT_OF_REFERENCE = ("id", "type", "name", "fullyQualifiedName")
_KEPT_OF_LABEL = ("tagFQN", "name", "source", "labelType", "state")


def get_own_value(entity: Mapping[str, Any], field: str) -> Any:
    """
    Return the value that an entity itself has in a field; None for nothing.

    Nothing is the same whether the member is missing, null, an empty text or an empty list. What an entity
    inherits is its parent's, and a label that the server derived from a glossary term is the term's: it comes
    and goes with that.
    """
    value = entity.get(field)
    if isinstance(value, list):
        value = [item for item in value if not (isinstance(item, Mapping) and _is_inherited_or_derived(item))]
    return None if value in ("", []) else value


def mark_inheritable(entity: Entity, inheritable: Iterable[Mapping[str, Any]]) -> Entity:
    """
    Return an entity with those of its domains marked that it may only inherit.

    :param inheritable: the domains of its parent.
    """
    theirs = {get_entry_key(domain) for domain in inheritable}
    domains = [
        {**domain, "inherited": UNMARKED} if get_entry_key(domain) in theirs else domain
        for domain in entity.get("domains") or ()
    ]
    return {**entity, "domains": domains}


def read_comparable_value(value: Any, entity: Mapping[str, Any], field: str) -> Any:
    """
    Return what an entity has in a field, to be compared with a value that is wanted there.

    What it may have itself or inherit, where no server says which, counts as either: as had if that is what
    is wanted, else as not had.
    """
    own = get_own_value(entity, field)
    if field != "domains" or not value:
        return own
    either = [item for item in entity.get(field) or () if item.get("inherited") == UNMARKED]
    own_or_inherited = [*(own or ()), *either]
    return own_or_inherited if is_same(field, value, own_or_inherited) else own


def get_entry_key(item: Any) -> Any:
    """Return what makes an entry of a list the same entry: the tag that a label is of, a reference's id."""
    if not isinstance(item, Mapping):
        return repr(item)
    if "tagFQN" in item:
        return (item.get("source") or "Classification", item["tagFQN"])
    return item.get("id") or repr(sorted(item.items()))


def has_entries(field: str, *values: Any) -> bool:
    """
    Return whether a field is a list of references or labels, which has no order.

    :param values: of the field. Those of a field that is not in :data:`LISTS` tell it by their entries.
    """
    if field in LISTS:
        return True
    present = [value for value in values if value is not None]
    return bool(present) and all(
        isinstance(value, list) and value and all(map(_is_entry, value)) for value in present
    )


def is_same(field: str, one: Any, other: Any) -> bool:
    """
    Return whether two values of a field mean the same. Lists of references or labels have no order.

    A certification is its tag: when it was given and when it ends is for the server to set.

    :param one: a value as :func:`get_own_value` returns it; for the connection a merge patch, for a schema
        the changes of single fields.
    """
    if isinstance(one, SchemaChanges):
        return all(
            item is not None and not find_differing_fields(one.members[path], item)
            for path, item in one.select(other).items()
        )
    if field == CONNECTION and isinstance(one, Mapping):
        return matches_merge_patch(one, other)
    if has_entries(field, one, other):
        return {get_entry_key(item) for item in one or ()} == {get_entry_key(item) for item in other or ()}
    if field == CERTIFICATION:
        return get_certification_tag(one) == get_certification_tag(other)
    if field == "extension":
        return is_same_value(_sort_values(one), _sort_values(other))
    return is_same_value(one, other)


def _sort_values(value: Any) -> Any:
    """Return custom fields for comparing: servers complete references and sort values of enumerations."""
    if isinstance(value, Mapping):
        if "type" in value and "id" in value:
            return [value["type"], value["id"]]
        return {name: _sort_values(item) for name, item in value.items()}
    return sorted(map(_sort_values, value), key=repr) if isinstance(value, list) else value


def get_certification_tag(certification: Any) -> str | None:
    """Return the FQN of the tag that a certification is made of; None for none."""
    label = certification.get("tagLabel") if isinstance(certification, Mapping) else None
    return str(label["tagFQN"]) if isinstance(label, Mapping) and label.get("tagFQN") else None


def has_no_more_details(one: Any, other: Any) -> bool:
    """
    Return whether a list of references or labels says nothing that another one of the same entries does not.

    :param one: maybe with less than complete entries.
    """
    known = {get_entry_key(item): item for item in other or ()}
    return all(
        not isinstance(item, Mapping)
        or all(
            known[get_entry_key(item)].get(name) == value for name, value in item.items() if name != "href"
        )
        for item in one or ()
    )


def find_differing_fields(desired: Mapping[str, Any], entity: Mapping[str, Any]) -> list[str]:
    """
    Return the fields in which an entity is not as wanted.

    :param desired: field → value, for the connection a merge patch.
    :param entity: the entity as it was read.
    """
    return [
        field
        for field, value in desired.items()
        if not is_same(field, value, read_comparable_value(value, entity, field))
    ]


def find_changed_fields(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Return the fields in which two states of an entity differ, apart from versions, times and links."""
    names = [name for name in dict.fromkeys((*one, *other)) if name not in _BOOKKEEPING]
    return [
        name
        for name in names
        if not (
            is_same(name, get_own_value(one, name), get_own_value(other, name))
            and is_same(name, get_own_value(other, name), get_own_value(one, name))
        )
    ]


def trim_for_journal(field: str, value: Any) -> Any:
    """Return a value as a journal keeps it: enough to bring it back, nothing of a connection's values."""
    if field == CONNECTION:
        return mask_values(value)
    if isinstance(value, list) and has_entries(field, value):
        return [_trim_entry(item) for item in value]
    return value


def format_for_display(field: str, value: Any) -> Any:
    """Return a value for people: names for references, nothing of a connection's values."""
    if field == CONNECTION:
        return mask_values(value)
    if isinstance(value, list):
        return [get_entry_name(item) for item in value]
    return value


def get_entry_name(item: Any) -> Any:
    """Return the name of a list's entry as ``changes`` would take it."""
    if not isinstance(item, Mapping):
        return item
    if "tagFQN" in item:
        return f"glossaryTerm:{item['tagFQN']}" if item.get("source") == "Glossary" else item["tagFQN"]
    name = item.get("fullyQualifiedName") or item.get("name") or item.get("id")
    if name is None:
        return dict(item)
    return f"{item['type']}:{name}" if item.get("type") in {"user", "team"} else name


def strip_links(value: Any) -> Any:
    """Return a value without the links that servers add to what they send."""
    if isinstance(value, Mapping):
        return {name: strip_links(item) for name, item in value.items() if name != "href"}
    return [strip_links(item) for item in value] if isinstance(value, list) else value


def shorten(value: Any, longest: int = 60) -> str:
    """
    Return a value on one short line.

    :param longest: characters.
    """
    if value is None:
        return "nothing"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    text = to_printable(text)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _is_entry(item: Any) -> bool:
    return isinstance(item, Mapping) and ("tagFQN" in item or ("id" in item and "type" in item))


def _is_inherited_or_derived(item: Mapping[str, Any]) -> bool:
    return bool(item.get("inherited")) or item.get("labelType") == DERIVED


def _trim_entry(item: Any) -> Any:
    names: Iterable[str] = _KEPT_OF_LABEL if "tagFQN" in item else _KEPT_OF_REFERENCE
    return {name: item[name] for name in names if name in item}

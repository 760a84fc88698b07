"""Owners, tags and domains as people write them, and the complete references that servers want."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

from airflow_provider_om_messaging.protocol.model.fields import get_entry_key, get_own_value
from airflow_provider_om_messaging.protocol.model.names import join_fqn, normalize_fqn
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.printable import to_printable

KINDS_BY_FIELD = {
    "owners": ("user", "team"),
    "tags": ("tag", "glossaryTerm"),
    "domains": ("domain",),
    "certification": ("tag",),
    "dataProducts": ("dataProduct",),
}
"""Kinds of entity that a field refers to, the usual one first."""
_AT_TOP = KINDS_BY_FIELD["owners"]
"""Users and teams stand at the top: a dot in their name does not separate."""
LABEL_SOURCES = {"tag": "Classification", "glossaryTerm": "Glossary"}
"""What ``source`` says of a label, by the kind of entity that it is made of."""
_EXAMPLES = {"owners": "'team:data-platform' or 'user:ada'", "tags": "'Tier.Tier1'", "domains": "'Finance'"}


@dataclass(frozen=True)
class Name:
    """
    A name to look up.

    :param field: the field that refers to it.
    :param kind: its kind, such as ``team``.
    :param fqn: its fully qualified name.
    """

    field: str
    kind: str
    fqn: str

    def __str__(self) -> str:
        is_usual = self.field != "owners" and KINDS_BY_FIELD.get(self.field, ())[:1] == (self.kind,)
        return self.fqn if is_usual else f"{self.kind}:{self.fqn}"

    @property
    def canonical(self) -> str:
        """The name to ask a server for: in FQNs, servers write those of users in lower case."""
        return self.fqn.lower() if self.kind == "user" else self.fqn

    def refers_to(self, item: Mapping[str, Any]) -> bool:
        """Return whether an entry of an entity's list is what this names."""
        if self.kind in LABEL_SOURCES:
            source = item.get("source") or "Classification"
            return item.get("tagFQN") == self.fqn and source == LABEL_SOURCES[self.kind]
        fqn = item.get("fullyQualifiedName")
        if self.field == "owners" and not fqn:
            fqn = join_fqn(str(item.get("name")))
        return item.get("type") == self.kind and self.canonical == replace(self, fqn=str(fqn)).canonical


def parse_name(field: str, kind: str, text: str) -> Name:
    """
    Return the name of an entity, spelled in one way.

    :param text: its FQN; of a user or team, which stand at the top, it may lack its quotes.
    """
    return Name(field, kind, join_fqn(text) if kind in _AT_TOP and '"' not in text else normalize_fqn(text))


Entry = tuple[str, Name]
"""A sign (``+``, ``-`` or none) and what it stands before."""


def parse_entries(field: str, value: object) -> list[Entry]:
    """
    Read a list of names.

    :param field: ``owners``, ``tags`` or ``domains``.
    :param value: what the user wrote; None for the empty list.
    :raises Fault: it is no list of names, or it contradicts itself.
    """
    if value is None:
        return []
    if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
        raise _make_invalid_fault(field, f"wants a list of names such as [{_EXAMPLES[field]}], or None")
    entries = [_parse_entry(field, item) for item in value]
    going = {name for sign, name in entries if sign == "-"}
    if torn := going & {name for sign, name in entries if sign != "-"}:
        raise _make_invalid_fault(
            field, f"wants {', '.join(sorted(map(str, torn)))} both to be there and to go"
        )
    return entries


def _parse_entry(field: str, text: object) -> Entry:
    if not isinstance(text, str) or not text.strip(" +-"):
        raise _make_invalid_fault(field, f"has the entry {text!r}: write a name such as {_EXAMPLES[field]}")
    text = text.strip()
    sign = text[0] if text[0] in "+-" else ""
    return sign, parse_reference(field, text.removeprefix(sign))


def parse_reference(field: str, text: str, parameter: str = "changes") -> Name:
    """
    Return what a text names in a field, such as ``team:payments`` in owners.

    :param parameter: what the text stands in.
    :raises Fault: it names nothing, or does not say whether a user or a team.
    """
    kind, colon, name = text.strip().partition(":")
    kinds = KINDS_BY_FIELD[field]
    if not colon or kind not in kinds:
        if field == "owners":
            problem = f"has the entry {text!r}: write a user or team, such as {_EXAMPLES[field]}"
            raise _make_invalid_fault(field, problem, parameter)
        kind, name = kinds[0], text
    if not name.strip():
        raise _make_invalid_fault(field, f"has the entry {text!r}, which names nothing", parameter)
    return parse_name(field, kind, name.strip())


def list_names_to_look_up(entries: Iterable[Entry], entity: Mapping[str, Any], signs: str) -> list[Name]:
    """
    Return the names that an entity says nothing about, because it has no such entry.

    :param entries: of one field.
    :param signs: of which entries: some of ``+``, ``-`` and ``=`` (without a sign).
    """
    return [name for sign, name in entries if (sign or "=") in signs and _find_present(name, entity) is None]


def combine_entries(
    entries: Sequence[Entry], entity: Mapping[str, Any], known: Mapping[Name, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """
    Return the list that entries make out of an entity's present one.

    Entries without a sign are the new list. ``+`` and ``-`` add to it and take from it; where no entry is
    without a sign, they start from the present list.

    :param entries: of one field.
    :param entity: the entity as it was read.
    :param known: complete references of names that were looked up.
    """
    if not entries:
        return []
    field = next(name.field for _, name in entries)
    plain = [name for sign, name in entries if not sign]
    start = (
        [_find_entry(name, entity, known) for name in plain] if plain else get_own_value(entity, field) or []
    )
    chosen: dict[Any, dict[str, Any]] = {
        get_entry_key(item): dict(item) for item in start if item is not None
    }
    for sign, name in entries:
        entry = _find_entry(name, entity, known) if sign else None
        if entry is not None and sign == "+":
            chosen.setdefault(get_entry_key(entry), dict(entry))
        elif entry is not None:
            chosen.pop(get_entry_key(entry), None)
    return list(chosen.values())


def build_reference(name: Name, entity: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return the complete reference to an entity; with less than that, old servers fail.

    :param name: what was looked up.
    :param entity: what was found.
    """
    if name.kind in LABEL_SOURCES:
        label = {"tagFQN": entity.get("fullyQualifiedName") or name.fqn, "name": entity.get("name")}
        label |= {"source": LABEL_SOURCES[name.kind], "labelType": "Manual", "state": "Confirmed"}
        return {member: value for member, value in label.items() if value is not None}
    members = ("name", "fullyQualifiedName", "displayName", "deleted")
    values = {member: entity[member] for member in members if entity.get(member) is not None}
    return {"id": entity.get("id"), "type": name.kind, **values}


def check_owners(owners: Sequence[Mapping[str, Any]]) -> None:
    """
    Check that owners may own something together.

    :raises Fault: several teams, or users with a team.
    """
    teams = [item for item in owners if item.get("type") == "team"]
    if len(teams) > 1 or (teams and len(owners) > 1):
        names = ", ".join(f"{item.get('type')}:{item.get('name')}" for item in owners)
        raise _make_invalid_fault(
            "owners", f"would be {names}: servers take several users or one team, not both"
        )


def list_kinds_in_same_place(name: Name) -> tuple[str, ...]:
    """Return the kinds that a name in the same place may be of, its own one first."""
    kinds = tuple(LABEL_SOURCES) if name.kind in LABEL_SOURCES else KINDS_BY_FIELD.get(name.field, ())
    return (name.kind, *(kind for kind in kinds if kind != name.kind))


def make_unknown_name_fault(name: Name, candidates: Iterable[Name], parameter: str = "changes") -> Fault:
    """
    Return the fault for a name that the server does not know.

    :param candidates: names that it does know in this field.
    :param parameter: what it was named in.
    """
    known: dict[str, list[Name]] = {}
    for candidate in candidates:
        known.setdefault(candidate.fqn.casefold(), []).append(candidate)
    near = [
        to_printable(str(found))
        for match in get_close_matches(name.fqn.casefold(), known)
        for found in known[match]
    ]
    hint = f" Near names: {', '.join(near)}." if near else ""
    return Fault(
        Cause.NOT_FOUND,
        f"{parameter} names {to_printable(str(name))!r} in {name.field}, "
        f"which the server does not know.{hint} "
        "Nothing was sent.",
    )


def _find_present(name: Name, entity: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return next((item for item in get_own_value(entity, name.field) or () if name.refers_to(item)), None)


def _find_entry(
    name: Name, entity: Mapping[str, Any], known: Mapping[Name, Mapping[str, Any]]
) -> Mapping[str, Any] | None:
    return _find_present(name, entity) or known.get(name)


def _make_invalid_fault(field: str, problem: str, parameter: str = "changes") -> Fault:
    return Fault(Cause.INVALID_PARAMETER, f"{parameter} {problem} (field {field}). Nothing was sent.")

"""Labels that exclude each other.

What stands directly above them says so: their classification or glossary, or the tag or term they are below.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from airflow_provider_om_messaging.protocol.model.names import join_fqn, split_fqn
from airflow_provider_om_messaging.protocol.model.references import Name
from airflow_provider_om_messaging.protocol.model.shapes import get_required_text
from airflow_provider_om_messaging.protocol.wire.faults import Fault
from airflow_provider_om_messaging.protocol.wire.message import make_unexpected_reply_fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from airflow_provider_om_messaging.protocol.model.fields import Entity

    Labels = Sequence[tuple[Name, Entity]]

_ABOVE = {"tag": "classification", "glossaryTerm": "glossary"}


def list_exclusion_parents(labels: Labels) -> Iterable[Name]:
    """Return what has to be asked whether its labels exclude each other: it holds several of these."""
    fqns = {(name.kind, _read_fqn(entity)) for name, entity in labels}
    count = Counter(_find_holder(kind, fqn) for kind, fqn in fqns)
    return [holder for holder, labels_below in count.items() if labels_below > 1]


def find_excluding_pair(labels: Labels, known: Mapping[Name, Entity | None]) -> tuple[str, str] | None:
    """
    Return the first two labels of which only one can be had; None if there are no such.

    :param known: what was looked up of :func:`list_exclusion_parents`.
    """
    first: dict[Name, str] = {}
    for name, entity in labels:
        fqn = _read_fqn(entity)
        holder = _find_holder(name.kind, fqn)
        if (known.get(holder) or {}).get("mutuallyExclusive"):
            other = first.setdefault(holder, fqn)
            if other != fqn:
                return other, fqn
    return None


def _read_fqn(entity: Entity) -> str:
    return get_required_text(entity, "fullyQualifiedName")


def _find_holder(kind: str, fqn: str) -> Name:
    try:
        *above, _ = split_fqn(fqn)
    except Fault:
        raise make_unexpected_reply_fault(f"the name {fqn[:200]!r}, which is none") from None
    return Name("tags", _ABOVE[kind] if len(above) < 2 else kind, join_fqn(*above))

"""The certification of a topic: a tag of the classification that certifies, with dates of the server's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_om_messaging.sandbox.entities import labels, names
from airflow_provider_om_messaging.sandbox.http.errors import bad_request

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox.entities.catalog import Catalog
    from airflow_provider_om_messaging.sandbox.entity_types.registry import Document
    from airflow_provider_om_messaging.sandbox.generations import Generation

SETTING = "assetCertificationSettings"
VALID_DAYS = 30
_DAY_MILLIS = 24 * 3600 * 1000


def build_setting(classification: str) -> Document:
    """
    Return the setting that says what certifies.

    :param classification: whose tags do.
    """
    value = {"allowedClassification": classification, "validityPeriod": f"P{VALID_DAYS}D"}
    return {"config_type": SETTING, "config_value": value}


def certify(
    catalog: Catalog,
    generation: Generation,
    classification: str,
    now: int,
    current: Document | None,
    given: Document,
) -> Document:
    """
    Return the certification that a PATCH asks for, or refuse it.

    Real servers look only at the name of the classification, and take a tag that does not exist; here that is
    a 404, as for every other tag.

    :param classification: whose tags certify.
    :param now: milliseconds since the epoch. Dates that a request brings along count for nothing.
    :param current: what is stored; None for none.
    :param given: what the operations made of it.
    """
    if given == current:
        return given
    label = given.get("tagLabel")
    if not isinstance(label, dict):
        raise bad_request("[certification.tagLabel must not be null]")
    fqn = str(label.get("tagFQN", ""))
    if current and not generation.certification_renews and fqn == current["tagLabel"]["tagFQN"]:
        return current
    if names.find_parent(fqn) != classification:
        raise bad_request(f"Invalid Classification: {fqn} is not valid for Certification.")
    expires = now + VALID_DAYS * _DAY_MILLIS
    return {"tagLabel": labels.find_label(catalog, fqn), "appliedDate": now, "expiryDate": expires}

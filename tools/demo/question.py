"""A run of ``gated_import`` that waits for a person: left by the kept demo, and shown in pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import requests

from tools.real_airflow import AirflowTrouble

if TYPE_CHECKING:
    from tools.real_airflow import RealAirflow

DAG = "gated_import"
SERVICE = "kafka_staging"
# Topic → description. The catalogue of ``gated_import`` knows more of the first five; its plan may change no
# more than half of a service.
TOPICS = {
    "checkout.started": "",
    "checkout.paid": "",
    "checkout.abandoned": "Baskets that nobody came back to within a day.",
    "invoices.sent": "",
    "shipments.delivered": "Parcels that a customer has signed for.",
    "clicks.raw": "Every click in the web shop, as it comes.",
    "clicks.sessions": "Clicks of one visitor, put together after half an hour of silence.",
    "inventory.levels": "What each warehouse has of each article.",
    "payments.settled": "Payments that the bank has confirmed.",
    "prices.changed": "New prices, with the day from which they hold.",
    "returns.received": "Parcels that came back.",
}
_ASKING = {"deferred", "awaiting_input"}


def add_service(url: str, token: str) -> None:
    """Make the service and its topics on a sandbox, by its own API."""
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {token}"
        service = {"name": SERVICE, "serviceType": "Kafka"}
        topics = [
            {"name": name, "service": SERVICE, "partitions": 3, "description": description}
            for name, description in TOPICS.items()
        ]
        for path, body in [("services/messagingServices", service), *(("topics", topic) for topic in topics)]:
            session.post(f"{url}/api/v1/{path}", json=body, timeout=60).raise_for_status()


def ask(airflow: RealAirflow) -> str:
    """Trigger a run for the service, wait until it asks, and return its id."""
    run_id = airflow.trigger(DAG, {"service": SERVICE, "ask_above": 0})
    if airflow.wait_for_task(DAG, run_id, "approve", _ASKING) not in _ASKING:
        raise AirflowTrouble(f"{DAG} does not ask; read {airflow.home / 'logs' / f'dag_id={DAG}'}")
    return run_id

"""What Airflow is told about this package."""

from __future__ import annotations

from typing import Any


def get_provider_info() -> dict[str, Any]:
    """Return the provider's description in the shape that Airflow's provider manager reads."""
    return {
        "package-name": "airflow-provider-om-messaging",
        "name": "OpenMetadata messaging services",
        "description": "Metadata of messaging services (Kafka, Redpanda, Kinesis, Pub/Sub) in OpenMetadata or Collate.",
    }

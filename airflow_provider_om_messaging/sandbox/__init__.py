"""A stand-in OpenMetadata server to develop and test DAGs against.

Run it with ``python -m airflow_provider_om_messaging.sandbox``, or inside a test::

    with Sandbox() as sandbox:
        os.environ["AIRFLOW_CONN_OM_MESSAGING_DEFAULT"] = sandbox.airflow_connection()

It shares no code with the provider's client, so that it can witness what the client really sends.
"""

from __future__ import annotations

from airflow_provider_om_messaging.sandbox.persistence import DataError
from airflow_provider_om_messaging.sandbox.server import PortTaken, Sandbox

__all__ = ["DataError", "PortTaken", "Sandbox"]

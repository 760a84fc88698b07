"""How this package introduces itself to servers."""

from __future__ import annotations

from airflow_provider_om_messaging import __version__

USER_AGENT = f"airflow-provider-om-messaging/{__version__}"

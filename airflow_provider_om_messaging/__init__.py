"""Airflow provider for messaging services that are described in OpenMetadata or Collate."""

from __future__ import annotations

__version__ = "1.0.0rc1"

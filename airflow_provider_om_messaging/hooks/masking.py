"""Airflow's masking of secrets in logs, from where each line has it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

# The common-compat provider only knows the name from 1.22 on, which does not exist for Python 3.10.
_PLACES = (
    "airflow.sdk.log",
    "airflow.sdk.execution_time.secrets_masker",  # Airflow 3.0
    "airflow.utils.log.secrets_masker",  # Airflow 2.11
)


def mask_secret(secret: Any, name: str | None = None) -> None:
    """
    Have Airflow replace a secret by ``***`` wherever this process logs it.

    :param secret: a text, or a mapping whose members with telling names are secrets.
    :param name: what the secret is called; only a telling name makes a text inside a structure a secret.
    """
    for place in _PLACES:
        try:
            module = import_module(place)
        except ImportError:
            continue
        module.mask_secret(secret, name)
        return

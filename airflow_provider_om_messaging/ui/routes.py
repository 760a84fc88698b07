"""Where the pages of this package are in Airflow's web interface."""

from __future__ import annotations

PREFIX = "/om_messaging"
"""Below it lie the pages themselves."""
PLAN_TAB = "om-messaging-plan"
"""The tab of a task instance that shows its plan."""
RUN_TAB = "om-messaging-plans"
"""The tab of a run that shows its plans and verdicts."""


def has_tabs() -> bool:
    """Return whether this Airflow takes tabs from plugins: since 3.1."""
    from airflow import __version__

    major, minor = __version__.split(".")[:2]
    return (int(major), int(minor)) >= (3, 1)

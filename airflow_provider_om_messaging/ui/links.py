"""Links from a task in Airflow's web interface to what it works on.

A task stores each link as an XCom as soon as it knows where it leads, so that it shows while the task runs
or waits in the triggerer. Airflow 2.11 asks the link's class for it in the web server, where nothing but
XComs is left of the task; 3.x reads the XCom by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote, urlsplit

from airflow.providers.common.compat.sdk import BaseOperatorLink, conf

from airflow_provider_om_messaging.protocol.model.names import is_uuid, join_fqn, parse_service_fqn, split_fqn
from airflow_provider_om_messaging.protocol.wire.faults import Fault
from airflow_provider_om_messaging.ui.routes import PLAN_TAB, has_tabs

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.providers.common.compat.sdk import Context

_OPENED_BY_BROWSERS = {"http", "https"}
_OF_STORAGES = {"s3", "s3a", "gs", "gcs", "abfs", "abfss", "adl", "az", "wasb", "wasbs"}


class StoredLink(BaseOperatorLink):
    """A link that the task itself stores, under :attr:`key`."""

    key: ClassVar[str]

    @property
    def xcom_key(self) -> str:
        """The key of the XCom that holds the link."""
        return self.key

    def get_link(self, operator: object, *, ti_key: Any) -> str:
        """Return what the task has stored; empty if it has not, which shows no link."""
        stored: dict[str, str] | None = getattr(operator, "stored_links", None)
        if stored is not None:  # on 3.x, the worker asks the operator after each pass
            return stored.get(self.key, "")
        from airflow.providers.common.compat.sdk import XCom

        return str(XCom.get_value(ti_key=ti_key, key=self.key) or "")


class ServiceLink(StoredLink):
    """To the service in OpenMetadata."""

    name = "Service in OpenMetadata"
    key = "_link_om_messaging_service"


class TopicLink(StoredLink):
    """To the topic in OpenMetadata."""

    name = "Topic in OpenMetadata"
    key = "_link_om_messaging_topic"


class PlanLink(StoredLink):
    """To the task's plan: its tab in Airflow's web interface or, before 3.1, the page that was written."""

    name = "Plan"
    key = "_link_om_messaging_plan"


class JobLink(StoredLink):
    """To the state of the task's async job, as the server's API shows it to whoever is logged in there."""

    name = "Job"
    key = "_link_om_messaging_job"


def build_service_url(server: str, fqn: str) -> str:
    """Return the page of a service; ``server`` is the address without ``/api``."""
    return f"{server}/service/messagingServices/{quote(fqn, safe='')}"


def build_topic_url(server: str, fqn: str) -> str:
    """Return the page of a topic; ``server`` is the address without ``/api``."""
    return f"{server}/topic/{quote(fqn, safe='')}"


def build_row_url(
    server: str | None, service: str, *, of_fields: bool = False
) -> Callable[[str], str] | None:
    """
    Return what gives the page of a topic by the name in its row; None where no such page is known.

    :param server: the address without ``/api``; None if it is not known.
    :param service: the service's name, or its id, which is in no topic's FQN.
    :param of_fields: whether the rows are about fields of schemas: they begin with the topic's name.
    """
    if server is None or is_uuid(service):
        return None
    try:
        fqn = parse_service_fqn(service)
    except Fault:
        return None
    return lambda name: build_topic_url(server, f"{fqn}.{join_fqn(_find_topic(name) if of_fields else name)}")


def _find_topic(name: str) -> str:
    try:
        return split_fqn(name)[0]
    except Fault:
        return name


def build_job_url(server: str, job_id: str) -> str:
    """Return where the API shows a job; ``server`` is the address without ``/api``."""
    return f"{server}/api/v1/csvAsyncJobs/{quote(job_id, safe='')}"


def build_plan_url(context: Context, page: str | None) -> str | None:
    """
    Return where the plan of a task is to be looked at.

    :param context: the task's context.
    :param page: where its page was written.
    :returns: the tab on Airflow 3.1 and later; before, the page if that is a URL and no path.
    """
    if has_tabs():
        task = context["ti"]
        return build_tab_url(task.dag_id, task.run_id, task.task_id, task.map_index)
    scheme = urlsplit(page or "").scheme
    return page if scheme in _OPENED_BY_BROWSERS | _OF_STORAGES else None


def build_tab_url(dag_id: str, run_id: str, task_id: str, map_index: int | None) -> str:
    """Return the tab of a task instance that shows its plan."""
    base = (conf.get("api", "base_url", fallback=None) or "/").rstrip("/")
    index = "" if map_index is None or map_index < 0 else f"/mapped/{map_index}"
    names = (quote(name, safe="") for name in (dag_id, run_id, task_id))
    return "{}/dags/{}/runs/{}/tasks/{}".format(base, *names) + f"{index}/plugin/{PLAN_TAB}"

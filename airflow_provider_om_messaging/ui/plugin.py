"""The plugin that brings plans and approvals into Airflow's web interface, since 3.1.

Every process of Airflow loads plugins, so that nothing of a web server is imported before a page is asked
for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.plugins_manager import AirflowPlugin
from airflow.providers.common.compat.sdk import conf

from airflow_provider_om_messaging.ui.routes import PLAN_TAB, PREFIX, RUN_TAB, has_tabs

if TYPE_CHECKING:
    from collections.abc import MutableMapping

_DAG = f"{PREFIX.removeprefix('/')}/dags/{{DAG_ID}}"


class _LazyPages:
    """The pages as an ASGI application, made for the first request."""

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        from airflow_provider_om_messaging.ui.pages import app

        await app(scope, receive, send)


class OpenMetadataMessagingPlugin(AirflowPlugin):
    """A tab of task instances with their plan, and a tab of runs with all their plans."""

    name = "om_messaging"
    if has_tabs():
        fastapi_apps = [{"app": _LazyPages(), "url_prefix": PREFIX, "name": "OpenMetadata messaging"}]
        external_views = [
            {
                "name": "Plan",
                # Without a slash before it: Airflow may itself lie below a path.
                "href": f"{_DAG}/plan?run_id={{RUN_ID}}&task_id={{TASK_ID}}&map_index={{MAP_INDEX}}",
                "destination": "task_instance",
                "url_route": PLAN_TAB,
            },
            {
                "name": "Plans",
                "href": f"{_DAG}/plans?run_id={{RUN_ID}}",
                "destination": "dag_run",
                "url_route": RUN_TAB,
            },
        ]


# Airflow loads the plugins that provider infos name only if it discovers providers at its start, which is not
# its default. Then it would load this one twice, and warn: so the entry point has it in the other case alone.
entry_point = (
    OpenMetadataMessagingPlugin if conf.getboolean("core", "lazy_discover_providers", fallback=True) else None
)

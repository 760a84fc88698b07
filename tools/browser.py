"""Chromium, as a person uses it who looks at a real Airflow: for tests, and for the documentation's pictures.

Playwright drives the browser that the machine has, such as Debian's package ``chromium``; it fetches none.
"""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from playwright.sync_api import sync_playwright

from airflow_provider_om_messaging.ui.routes import PLAN_TAB, RUN_TAB
from tools.real_airflow import PATIENCE, RealAirflow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page

CHROMIUM = shutil.which("chromium")
"""The program; None if there is none."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium, and stop it at the end."""
    with sync_playwright() as playwright:
        # As root, which a container often is, it runs without its own sandbox only.
        options = ["--no-sandbox", "--no-proxy-server"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


def log_in(
    browser: Browser, airflow: RealAirflow, user: str = RealAirflow.user, **options: Any
) -> BrowserContext:
    """Return windows in which a user is logged in, without the pages that Airflow shows at that."""
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE * 1000)
    token = airflow.get_token(user, airflow.read_password(user))
    context.add_cookies([{"name": "_token", "value": token, "url": airflow.url}])
    return context


def open_plan(
    page: Page, airflow: RealAirflow, dag_id: str, run_id: str, task_id: str, map_index: int = -1
) -> FrameLocator:
    """Open the tab of a task instance, and return what is in its frame."""
    index = "" if map_index < 0 else f"/mapped/{map_index}"
    page.goto(f"{airflow.build_run_url(dag_id, run_id)}/tasks/{task_id}{index}/plugin/{PLAN_TAB}")
    return page.frame_locator("iframe")


def open_plans(page: Page, airflow: RealAirflow, dag_id: str, run_id: str) -> FrameLocator:
    """Open the tab of a run, and return what is in its frame."""
    page.goto(f"{airflow.build_run_url(dag_id, run_id)}/plugin/{RUN_TAB}")
    return page.frame_locator("iframe")

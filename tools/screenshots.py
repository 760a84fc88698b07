"""
Take the documentation's pictures of a real Airflow, light and dark: ``make screenshots``.

The pictures are of what is there now: a run of ``gated_import`` that asks, its plan, and the connection form.
"""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Literal

from airflow_provider_om_messaging.provider_info import HOOK_NAME
from airflow_provider_om_messaging.sandbox import Sandbox
from tools import question
from tools.browser import CHROMIUM, chromium, log_in, open_plan
from tools.real_airflow import RealAirflow
from tools.setup_environment import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Page, ViewportSize

PICTURES = ROOT / "docs" / "pictures"
HOME = ROOT / ".run" / "screenshots"
SIZE: ViewportSize = {"width": 1280, "height": 860}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
# A fixed address, as it stands in the connection form.
HOST = "https://acme.getcollate.io"


def main() -> int:
    """Start Airflow and a sandbox, take the pictures, and stop both."""
    if CHROMIUM is None:
        sys.exit("The pictures need Chromium: apt-get install chromium")
    shutil.rmtree(HOME, ignore_errors=True)
    dags = HOME / "dags"
    dags.mkdir(parents=True)
    shutil.copy(ROOT / "example_dags" / f"{question.DAG}.py", dags)
    PICTURES.mkdir(exist_ok=True)
    with Sandbox() as sandbox:
        env = {
            "AIRFLOW_CONN_OM_MESSAGING_DEFAULT": sandbox.airflow_connection(),
            "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
        }
        question.add_service(sandbox.url, sandbox.admin_token)
        with RealAirflow(HOME / "airflow", dags, env) as airflow:
            airflow.wait_for_dags({question.DAG})
            run_id = question.ask(airflow)
            _take_all(airflow, run_id)
    return 0


def _take_all(airflow: RealAirflow, run_id: str) -> None:
    with chromium() as browser:
        context = browser.new_context(viewport=SIZE, timezone_id="UTC", locale="en-GB")
        page = log_in(context, airflow)
        _show_plan(page, airflow, run_id)
        _take(page, "plan_tab")
        _show_form(page, airflow)
        _take(page, "connection_form")
        context.close()


def _show_plan(page: Page, airflow: RealAirflow, run_id: str) -> None:
    tab = open_plan(page, airflow, question.DAG, run_id, "approve")
    tab.get_by_role("button", name="Approve").wait_for()


def _show_form(page: Page, airflow: RealAirflow) -> None:
    page.goto(f"{airflow.url}/connections")
    page.get_by_role("button", name="Add Connection").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Connection ID").fill("om_messaging_default")
    form.get_by_role("combobox").click()
    page.keyboard.type(HOOK_NAME)
    page.keyboard.press("Enter")


def _take(page: Page, name: str) -> None:
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        page.wait_for_function(f"document.documentElement.classList.contains('{theme}')")
        page.screenshot(path=PICTURES / f"{name}_{theme}.png", animations="disabled")


if __name__ == "__main__":
    sys.exit(main())

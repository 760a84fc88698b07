"""Take the documentation's pictures of a real Airflow, light and dark: ``make screenshots``.

The pictures are of what is there now: a run of ``gated_import`` that asks, its plan, and the connection form.
"""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Literal

from airflow_provider_om_messaging.provider_info import EXTRA_FIELDS, HOOK_NAME
from airflow_provider_om_messaging.sandbox import Sandbox
from tools.browser import CHROMIUM, chromium, log_in, open_plan
from tools.demo import question
from tools.real_airflow import RealAirflow
from tools.setup_environment import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, ViewportSize

PICTURES = ROOT / "docs" / "pictures"
HOME = ROOT / ".run" / "screenshots"
SIZE: ViewportSize = {"width": 1280, "height": 1120}
# All of the form's extra fields.
TALL: ViewportSize = {"width": 1280, "height": 1500}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
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
        context = log_in(browser, airflow, viewport=SIZE, timezone_id="UTC", locale="en-GB")
        page = context.new_page()
        tab = open_plan(page, airflow, question.DAG, run_id, "plan")
        tab.get_by_role("button", name="Approve").wait_for()
        _take(page, "plan_tab")
        form = _fill_in_form(page, airflow)
        _take(page, "connection_form", form)
        page.set_viewport_size(TALL)
        form.get_by_role("button", name="Extra Fields", exact=True).click()
        form.get_by_text(EXTRA_FIELDS[-1].label).wait_for()
        _take(page, "connection_extra", form)
        context.close()


def _fill_in_form(page: Page, airflow: RealAirflow) -> Locator:
    """Open the form of a new connection, fill in what a connection needs, and return the form."""
    page.goto(f"{airflow.url}/connections")
    page.get_by_role("button", name="Add Connection").click()
    form = page.get_by_role("dialog")
    form.locator("input[name=connection_id]").fill("om_messaging_default")
    form.get_by_role("combobox").click()
    page.keyboard.type(HOOK_NAME)
    page.keyboard.press("Enter")
    form.locator("input[name=host]").fill(HOST)
    form.locator("input[name=password]").fill("x" * 40)
    return form


def _take(page: Page, name: str, part: Locator | None = None) -> None:
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        page.wait_for_function(f"document.documentElement.classList.contains('{theme}')")
        # Airflow fades from one colour to the other.
        page.wait_for_timeout(1000)
        (part or page).screenshot(path=PICTURES / f"{name}_{theme}.png", animations="disabled")


if __name__ == "__main__":
    sys.exit(main())

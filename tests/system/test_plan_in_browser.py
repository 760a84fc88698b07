"""People look at plans in Airflow's web interface, in Chromium, and decide on one there."""

from __future__ import annotations

import csv
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from airflow_provider_om_messaging.ui.routes import PREFIX
from tests.conftest import AIRFLOW_LINE
from tests.system.run_of_one import wait_until_asked
from tools.real_airflow import PATIENCE

if AIRFLOW_LINE.startswith("2."):
    pytest.skip("Airflow has no tabs of plugins before 3.1", allow_module_level=True)
pytest.importorskip("playwright")

from playwright.sync_api import expect

from tools.browser import CHROMIUM, chromium, log_in, open_plan, open_plans

if CHROMIUM is None:
    pytest.skip("chromium is not installed: apt-get install chromium", allow_module_level=True)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page

    from tests.system.server_of_many import ServerOfMany
    from tools.real_airflow import RealAirflow

    Visit = Callable[[str], Page]

pytestmark = pytest.mark.starts_airflow
SERVICE = "looked_at"
# What the catalogue of ``gated_import`` knows by its first word. No server lets ``>`` or ``"`` into a name.
HOSTILE = [
    "checkout.<img src=x onerror=alert(1) ",
    "checkout.'; alert(1)//",
    "invoices.</script <script src=x",
    "invoices.&quot; onclick='alert(1)'",
    "shipments.&lt;b&gt;",
]
FEW, MANY = 5, 1200
"""Rows of plans. Of the longer one, the task's result holds only the first; the page reads the others."""
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>"
expect.set_options(timeout=PATIENCE * 1000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def windows(browser: Browser, airflow: RealAirflow) -> Callable[[str], BrowserContext]:
    """Return what gives a user's windows, which remember the scripts of Airflow's pages."""
    return cache(lambda user: log_in(browser, airflow, user, color_scheme="light", reduced_motion="reduce"))


@pytest.fixture
def visit(windows: Callable[[str], BrowserContext]) -> Iterator[Visit]:
    """Return what opens a user's window; at the end nothing of ours may have been blocked, or gone wrong."""
    pages: list[Page] = []
    received: list[str] = []

    def listen(page: Page) -> None:
        page.on("pageerror", lambda error: received.append(f"{error}"))
        page.on("dialog", lambda dialog: (received.append(dialog.message), dialog.dismiss()))
        page.on("console", lambda message: received.append(f"{message.text} {message.location}"))

    def of(user: str) -> Page:
        page = windows(user).new_page()
        pages.append(page)
        listen(page)
        return page

    yield of
    for page in pages:
        page.close()
    # Chromium warns about the frame itself, which is Airflow's.
    ours = [text for text in received if "/om_messaging/" in text and "can escape its sandboxing" not in text]
    assert [text for text in received if "Content Security Policy" in text or "alert" in text] + ours == []


@pytest.fixture(scope="module")
def asked(airflow: RealAirflow, server: ServerOfMany) -> str:
    """Return a run that asks whether five topics may change."""
    server.add_service(SERVICE, [*HOSTILE, *(f"clicks.{number}" for number in range(len(HOSTILE)))])
    run_id = airflow.trigger("gated_import", {"ask_above": 0, "service": SERVICE})
    wait_until_asked(airflow, run_id)
    return run_id


@pytest.fixture(scope="module")
def shown(airflow: RealAirflow, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a run with a plan of a few rows, and one of many."""
    folder = tmp_path_factory.mktemp("plans")
    run_id = airflow.trigger("shown_plans", {"plans": [_files(folder, rows) for rows in (FEW, MANY)]})
    assert airflow.wait_for_run("shown_plans", run_id) == "success"
    return run_id


def test_nobody_sees_a_plan_without_a_login(browser: Browser, airflow: RealAirflow, asked: str) -> None:
    page = browser.new_page()
    page.goto(f"{airflow.build_run_url('gated_import', asked)}/tasks/plan/plugin/om-messaging-plan")
    expect(page.locator("input[name=password]")).to_be_visible()
    reply = page.goto(_page_url(airflow, "gated_import", "plan", run_id=asked, task_id="plan"))
    assert reply is not None
    assert reply.status == 401
    assert "checkout" not in page.content()
    page.context.close()


def test_who_has_no_right_to_answer_sees_the_plan_and_no_button(
    visit: Visit, airflow: RealAirflow, asked: str
) -> None:
    page = visit("viewer")
    tab = open_plan(page, airflow, "gated_import", asked, "approve")
    expect(tab.locator("h1")).to_have_text(f"Plan for {SERVICE}")
    expect(tab.locator(".approval")).to_contain_text("It waits for an answer, which you may not give.")
    expect(tab.locator(".approval button")).to_have_count(0)
    expect(tab.locator("tbody tr")).to_have_count(len(HOSTILE))


def test_a_person_approves_the_plan_where_it_is_shown(
    visit: Visit, airflow: RealAirflow, server: ServerOfMany, asked: str
) -> None:
    page = visit("admin")
    tab = open_plan(page, airflow, "gated_import", asked, "plan")
    expect(tab.locator("#shown")).to_have_text("5 of 5 topics")
    expect(tab.locator("tbody th")).to_have_text(sorted(name.strip() for name in HOSTILE))
    expect(tab.locator("img, script[src]")).to_have_count(0)
    for theme in ("dark", "light"):
        page.emulate_media(color_scheme=theme)
        page.wait_for_function(f"document.documentElement.classList.contains('{theme}')")
        expect(tab.locator("html")).to_have_css("color-scheme", theme)

    # A topic is opened beside Airflow: OpenMetadata lets nobody put it into a frame.
    with page.context.expect_page() as opened:
        tab.locator("tbody th a").first.click()
    assert opened.value.url.startswith(f"{server.sandbox.url}/topic/{SERVICE}.%22")
    opened.value.close()

    tab.get_by_label("Note").fill(f"Seen. {MARKUP}")
    tab.get_by_role("button", name="Approve").click()
    expect(tab.locator(".approval")).to_contain_text("Approved by admin on 20")
    expect(tab.locator(".approval blockquote")).to_have_text(f"Seen. {MARKUP}")
    assert airflow.wait_for_run("gated_import", asked) == "success"
    assert airflow.get_xcom("gated_import", asked, "apply")["verified"] == len(HOSTILE)

    rows = open_plans(page, airflow, "gated_import", asked).locator("tbody tr")
    expect(rows.filter(has_text="plan")).to_contain_text("0 to create, 5 to change")
    expect(rows.filter(has_text="plan")).to_contain_text("Approved by admin on 20")
    expect(rows.filter(has_text="apply")).to_contain_text("import: success")


def test_a_short_plan_of_a_mapped_task_is_sorted_and_filtered_in_its_tab(
    visit: Visit, airflow: RealAirflow, shown: str
) -> None:
    tab = open_plan(visit("viewer"), airflow, "shown_plans", shown, "plan", map_index=0)
    _sort_and_filter(tab, FEW)


def test_a_long_plan_is_sorted_and_filtered(visit: Visit, airflow: RealAirflow, shown: str) -> None:
    page = visit("viewer")
    page.goto(_page_url(airflow, "shown_plans", "plan", run_id=shown, task_id="plan", map_index=1))
    _sort_and_filter(page, MANY)


def _sort_and_filter(tab: FrameLocator | Page, rows: int) -> None:
    expect(tab.locator("#shown")).to_have_text(f"{rows:,} of {rows:,} topics")
    expect(tab.locator("tbody th")).to_have_count(rows)
    tab.get_by_role("button", name="Line").click()
    expect(tab.locator("tbody th").first).to_have_text(f"topic.{rows - 1}")
    tab.get_by_label("Filter topics").fill(f"topic.{rows - 1} img")
    expect(tab.locator("#shown")).to_have_text(f"1 of {rows:,} topics")
    expect(tab.locator("tbody tr:visible ins")).to_have_text(f"{MARKUP} {rows - 1}")
    expect(tab.locator("img")).to_have_count(0)


def test_the_plans_of_a_mapped_task_lead_to_each(visit: Visit, airflow: RealAirflow, shown: str) -> None:
    page = visit("viewer")
    page.goto(_page_url(airflow, "shown_plans", "plans", run_id=shown))
    expect(page.locator("#shown")).to_have_text("2 of 2 rows")
    rows = page.locator("tbody tr")
    for index, number in enumerate((FEW, MANY)):
        expect(rows.filter(has_text=f"plan[{index}]")).to_contain_text(f"0 new, {number:,} changed")
    page.get_by_role("link", name="plan[1]").click()
    expect(page.locator("h1")).to_have_text(f"Drift of {SERVICE}")
    expect(page.locator("#shown")).to_have_text(f"{MANY:,} of {MANY:,} topics")


def _page_url(airflow: RealAirflow, dag_id: str, page: str, **query: object) -> str:
    """Return where one of our pages lies by itself, without Airflow around it."""
    return f"{airflow.url}{PREFIX}/dags/{dag_id}/{page}?{urlencode(query)}"


def _files(folder: Path, rows: int) -> dict[str, Any]:
    """Write a file before and after every row has changed, and return what a plan of it takes."""
    place = folder / str(rows)
    place.mkdir()
    for name, text in (("before", "Old."), ("after", MARKUP)):
        with (place / f"{name}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["name", "description"])
            writer.writerows([f"topic.{number}", f"{text} {number}"] for number in range(rows))
    files = {name: str(place / f"{name}.csv") for name in ("before", "after")}
    destination = str(place / "plan")
    return {
        "service": SERVICE,
        "source": files["after"],
        "against": files["before"],
        "plan_destination": destination,
    }

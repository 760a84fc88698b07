"""The plan's tab in Airflow's web interface: who sees what, and what never gets out."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import AIRFLOW_LINE
from tests.in_airflow.interface.plan_runs import DAG, RUN, Run, change, plan_of, write_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fastapi.testclient import TestClient

if AIRFLOW_LINE.startswith("2."):
    pytest.skip("plugins have no pages of this kind before Airflow 3.1", allow_module_level=True)


pytestmark = pytest.mark.filterwarnings("default")  # Airflow's web libraries warn about each other
NOTE = {"note": {"value": "", "schema": {}, "description": None}}
HOSTILE = "<script>alert('x')</script><img src=x onerror=alert(1)>"
SECRET = "the-secret-of-another-file"


@pytest.fixture
def run() -> Iterator[Run]:
    made = Run()
    yield made
    made.clear()


@pytest.fixture(scope="module")
def client() -> Iterator[Callable[[str | None], TestClient]]:
    """Return what makes Airflow's own test client for a role of its simple auth manager; None: nobody."""
    from airflow.api_fastapi.app import create_app, purge_cached_app
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from fastapi.testclient import TestClient

    os.environ["AIRFLOW__CORE__AUTH_MANAGER"] = (
        "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
    )
    app = create_app("core")

    def of(role: str | None, name: str = "somebody") -> TestClient:
        headers = {}
        if role is not None:
            user = SimpleAuthManagerUser(username=name, role=role or None)
            headers["Authorization"] = f"Bearer {app.state.auth_manager.generate_jwt(user)}"
        return TestClient(app, headers=headers, base_url="http://testserver")

    yield of
    purge_cached_app()


def tab(task_id: str = "plan", dag_id: str = DAG) -> str:
    # As Airflow fills it in for a task that is not mapped.
    place = f"run_id={RUN.replace('+', '%2B')}&task_id={task_id}&map_index=%7BMAP_INDEX%7D"
    return f"/om_messaging/dags/{dag_id}/plan?{place}"


PLANS = f"/om_messaging/dags/{DAG}/plans?run_id={RUN.replace('+', '%2B')}"


def test_every_route_asks_for_a_login_and_for_the_right_to_read_xcoms(client: Any, run: Run) -> None:
    from airflow_provider_om_messaging.ui.pages import app

    run.hand_on("plan", plan_of(1))
    # Whatever route there will be: it has a DAG in its path.
    assert {route.path for route in app.routes} == {"/dags/{dag_id}/plan", "/dags/{dag_id}/plans"}
    for path in (tab(), PLANS, tab(dag_id="~"), tab(dag_id="unknown")):
        assert client(None).get(path).status_code == 401
        assert client("").get(path).status_code == 403
    for path in (tab(), PLANS):
        assert client("viewer").get(path).status_code == 200
    for path in ("/om_messaging/", "/om_messaging/docs", "/om_messaging/openapi.json"):
        assert client(None).get(path).status_code == 404


def test_the_right_to_see_a_dag_is_not_enough(client: Any, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
    from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

    run.hand_on("plan", plan_of(1))
    allowed = SimpleAuthManager.is_authorized_dag

    def all_but_xcoms(self: Any, *, access_entity: Any = None, **kwargs: Any) -> bool:
        if access_entity == DagAccessEntity.XCOM or kwargs["details"].id != DAG:
            return False
        return bool(allowed(self, access_entity=access_entity, **kwargs))

    monkeypatch.setattr(SimpleAuthManager, "is_authorized_dag", all_but_xcoms)
    assert client("admin").get(tab()).status_code == 403
    assert client("admin").get(PLANS).status_code == 403
    # Another DAG in the query opens nothing.
    assert client("admin").get(f"{tab()}&dag_id=other").status_code == 403


def test_a_plan_is_shown_to_its_task_and_those_after_it(client: Any, run: Run) -> None:
    run.hand_on("plan", plan_of(2, violations=["2 rows of 5 would change"]))
    for task in ("plan", "approve", "apply"):
        page = client("viewer").get(tab(task)).text
        assert "Plan for sample_kafka" in page
        assert "topic.1" in page
        assert "2 rows of 5 would change" in page
    assert "No plan here" in client("viewer").get(tab("other")).text
    listed = client("viewer").get(PLANS).text
    assert "not allowed" in listed
    assert "task_id=plan&amp;map_index=-1" in listed


def test_tasks_are_listed_by_name_and_index_in_whatever_order_they_ended() -> None:
    from airflow_provider_om_messaging.ui.content import render_plans
    from airflow_provider_om_messaging.ui.task_results import ImportVerdict, TaskKey, find_plan

    plan, verdict = find_plan(plan_of(1)), ImportVerdict("sample_kafka", True, "success", 1, 0)
    assert plan is not None
    plans = {TaskKey("plan", index): plan for index in (10, 2, 0)}
    table = b"".join(render_plans(RUN, plans, {TaskKey("apply", -1): verdict}, {})).decode()
    names = re.findall(r'<th scope="row">(?:<a [^>]*>)?([^<]+)', table)
    assert names == ["apply", "plan[0]", "plan[2]", "plan[10]"]


def test_what_the_plan_keeps_to_and_where_its_topics_are_is_shown(client: Any, run: Run) -> None:
    changes = [change("orders.eu"), change("brand.new", "created")]
    kept = "No row would be created (forbid_created)."
    members = {"passed": [kept], "server": "https://acme.getcollate.io", "changes": changes}
    run.hand_on("plan", plan_of(2, **members))
    page = client("viewer").get(tab()).text
    assert f"<summary>1 policy passed</summary><ul><li>{kept}</li></ul>" in page
    link = "https://acme.getcollate.io/topic/sample_kafka.%22orders.eu%22"
    # Airflow shows the page in a frame, which OpenMetadata lets nobody put it in.
    assert f'<a href="{link}" target="_blank" rel="noreferrer">orders.eu</a>' in page
    assert '<th scope="row">brand.new</th>' in page
    assert "<dt>Server</dt><dd>https://acme.getcollate.io</dd>" in page

    # An id, or what is no name at all, leads to no topic.
    for service in ("6f1b8a52-4f2c-4a51-8c54-0a4e3b1f9d10", 'a"b', ""):
        run.hand_on("plan", plan_of(2, **members, service=service))
        page = client("viewer").get(tab())
        assert page.status_code == 200
        assert "orders.eu" in page.text
        assert "<a href" not in page.text


def test_two_files_show_a_drift(client: Any, run: Run) -> None:
    run.hand_on("plan", plan_of(1, against="/data/monday.csv", server=None))
    page = client("viewer").get(tab()).text
    assert "<h1>Drift of sample_kafka</h1>" in page
    assert "<dt>Compared with</dt><dd>/data/monday.csv</dd>" in page
    assert "<b>1</b> changed" in page
    assert "to change" not in page
    assert "0 new, 1 changed" in client("viewer").get(PLANS).text


def test_the_whole_plan_comes_from_its_file(client: Any, run: Run, tmp_path: Path) -> None:
    run.hand_on("plan", write_plan(tmp_path, plan_of(70), 70))
    page = client("viewer").get(tab()).text
    assert "topic.69<" in page
    assert 'class="notice"' not in page


@pytest.mark.parametrize("way", ["gone", "another", "part", "deep", "large"])
def test_what_cannot_be_read_leaves_the_first_rows(
    client: Any, run: Run, tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_provider_om_messaging.ui import task_results

    run.hand_on("plan", write_plan(tmp_path, plan_of(70), 60 if way == "part" else 70))
    file = tmp_path / "plan.json"
    if way == "gone":
        file.unlink()
    elif way == "another":
        file.write_text(file.read_text().replace("a" * 64, "b" * 64))
    elif way == "deep":
        file.write_text("[" * 100_000)
    elif way == "large":
        monkeypatch.setattr(task_results, "LARGEST_FILE", 1000)
    page = client("viewer").get(tab()).text
    assert "The first 50 of 70 rows are shown" in page
    assert "topic.49<" in page
    assert "topic.55<" not in page


OTHER_FILES = {
    "secrets.json": json.dumps({"password": SECRET}),
    "list.json": json.dumps([SECRET]),
    "almost.json": json.dumps({**plan_of(1), "changes": [{**change("x"), "line": SECRET}]}),
    "of_another.json": json.dumps({**plan_of(1), "service": SECRET, "absent_rows": []}),
    "text.json": SECRET,
    "airflow.cfg": SECRET,
}


@pytest.mark.parametrize("name", OTHER_FILES)
def test_nothing_of_any_other_file_gets_out(client: Any, run: Run, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text(OTHER_FILES[name])
    (tmp_path / "link.json").symlink_to(file)
    for path in (str(file), f"file://{file}", str(tmp_path / "link.json"), f"{tmp_path}/x/../{name}"):
        run.hand_on("plan", plan_of(1, plan_path=path))
        reply = client("admin").get(tab())
        assert reply.status_code == 200
        assert SECRET not in reply.text
        assert name not in reply.text
        assert "topic.0<" in reply.text


@pytest.mark.parametrize(
    "path",
    [
        "http://127.0.0.1:{}/plan.json",
        "simplecache::http://127.0.0.1:{}/plan.json",
        "//127.0.0.1:{}/plan.json",
    ],
)
def test_the_api_server_calls_no_address_for_a_dags_author(client: Any, run: Run, path: str) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        run.hand_on("plan", plan_of(1, plan_path=path.format(listener.getsockname()[1])))
        assert client("admin").get(tab()).status_code == 200
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.mark.parametrize(
    "value", [None, "text", SECRET, [1], {"service": SECRET}, {**plan_of(1), "sha256": SECRET}]
)
def test_a_result_that_is_no_plan_is_not_shown(client: Any, run: Run, value: Any) -> None:
    run.hand_on("plan", value)
    page = client("admin").get(tab()).text
    assert "No plan here" in page
    assert SECRET not in page


def test_hostile_texts_stay_text_and_only_our_script_runs(client: Any, run: Run) -> None:
    hostile = plan_of(1, service=HOSTILE, violations=[HOSTILE], changes=[change(HOSTILE, after=HOSTILE)])
    run.hand_on("plan", hostile)
    run.ask(subject=HOSTILE, body=HOSTILE, options=[HOSTILE, "Reject"], params={"note": HOSTILE, HOSTILE: 1})
    for path in (tab(), PLANS):
        reply = client("admin").get(path)
        page = reply.text
        assert "<script>alert" not in page
        assert "<img" not in page
        assert page.count("<script>") == 1
        policy = reply.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'self'" in policy
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["Cache-Control"] == "no-store"


def test_who_may_answer_is_offered_the_answers(client: Any, run: Run) -> None:
    run.hand_on("plan", plan_of(1))
    run.ask(
        assignees=[{"id": "chosen", "name": "Chosen One"}],
        params={"note": {"value": "", "schema": {}, "description": None}},
    )
    offered = '<button type="submit" value="Approve">'
    chosen = client("user", "chosen").get(tab()).text
    assert offered in chosen
    assert "Import it?" in chosen
    assert "Assigned to Chosen One" in chosen
    assert '<textarea name="note"' in chosen
    for page in (client("user", "another").get(tab()).text, client("viewer", "chosen").get(tab()).text):
        assert offered not in page
        assert "which you may not give" in page


def test_an_answer_goes_through_airflows_own_api(client: Any, run: Run) -> None:
    run.hand_on("plan", plan_of(1))
    run.ask(params=NOTE)
    page = client("user", "ann").get(tab()).text
    url = page.split('data-url="')[1].split('"')[0]
    # As a browser resolves it against the page's address.
    path = url.removeprefix("../../../")
    answer = {"chosen_options": ["Reject"], "params_input": {"note": f"Not today. {HOSTILE}"}}
    assert client("viewer").patch(f"/{path}", json=answer).status_code == 403
    assert client(None).patch(f"/{path}", json=answer).status_code == 401
    reply = client("user", "ann").patch(f"/{path}", json=answer)
    assert reply.status_code == 200, reply.text
    page = client("viewer").get(tab()).text
    assert "Rejected by ann on 20" in page
    assert "Not today. &lt;script&gt;" in page
    assert '<button type="submit"' not in page
    assert "Rejected by ann on 20" in client("viewer").get(PLANS).text

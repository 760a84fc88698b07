"""The command line, and data that outlives the process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import requests

from airflow_provider_om_messaging.sandbox import DataError, Sandbox
from airflow_provider_om_messaging.sandbox.__main__ import main
from tests.contract.sandbox_http import SERVICES, Api, build_row, build_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMAND = [sys.executable, "-m", "airflow_provider_om_messaging.sandbox"]


@contextmanager
def run_command(tmp_path: Path, *flags: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    ready = tmp_path / "ready.json"
    ready.unlink(missing_ok=True)
    command = [*COMMAND, "--port", "0", "--ready-file", str(ready), *flags]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with process:
        try:
            while not ready.exists() and process.poll() is None:
                time.sleep(0.02)
            assert process.poll() is None, process.stderr and process.stderr.read()
            yield process, json.loads(ready.read_text())
        finally:
            if process.poll() is None:
                process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stranger_can_copy_what_is_printed(tmp_path: Path, number: signal.Signals) -> None:
    with run_command(tmp_path) as (process, ready):
        assert set(ready) == {
            "url",
            "admin_token",
            "bot_token",
            "read_only_token",
            "person_token",
            "connection",
        }
        process.send_signal(number)
        printed, complaints = process.communicate(timeout=300)
    assert (process.returncode, complaints) == (0, "")
    assert ready["url"] in printed
    for name in ("admin_token", "bot_token", "read_only_token", "person_token"):
        assert ready[name] in printed
    assert f"export AIRFLOW_CONN_OM_MESSAGING_DEFAULT='{ready['connection']}'" in printed
    assert " 300  sample_kafka" in printed
    assert "curl -H " in printed
    assert json.loads(ready["connection"])["password"] == ready["bot_token"]


def test_switches_are_flags(tmp_path: Path) -> None:
    flags = ["--no-csv-routes", "--no-job-api", "--import-verdict", "endpoint", "--job-seconds", "3"]
    with run_command(tmp_path, *flags) as (_, ready):
        switches = requests.get(ready["url"] + "/_sandbox", timeout=300).json()["switches"]
    assert (switches["csv_routes"], switches["job_api"]) == (False, False)
    assert (switches["import_verdict"], switches["job_seconds"]) == ("endpoint", 3.0)


def test_generation_edition_and_size_are_flags(tmp_path: Path) -> None:
    flags = ["--generation", "1.2", "--edition", "open-source", "--topics", "30", "--services", "2"]
    with run_command(tmp_path, *flags, "--if-match") as (process, ready):
        state = requests.get(ready["url"] + "/_sandbox", timeout=300).json()
        process.send_signal(signal.SIGTERM)
        printed, _ = process.communicate(timeout=300)
    assert (state["generation"], state["edition"], state["version"]) == ("1.2", "open-source", "1.2.0")
    assert (state["services"]["big_kafka"], state["services"]["team_00002"]) == (30, 3)
    switches = {name: state["switches"][name] for name in ("csv_routes", "job_api", "if_match")}
    assert switches == {"csv_routes": False, "job_api": False, "if_match": True}
    assert "OpenMetadata sandbox, version 1.2.0 (open-source)" in printed
    # A route that is not there is nothing to try.
    assert "/export\n" not in printed


def test_the_help_tells_what_generations_and_editions_set(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    logged = " ".join(capsys.readouterr().out.split())
    assert "--generation {2.0,1.13,1.6,1.2}" in logged
    assert "--edition {documented,open-source}" in logged
    assert "(default: True; False with open-source)" in logged
    assert "(default: 400; 500 with 1.13; 500 with 1.6; 500 with 1.2)" in logged


def test_data_survives_even_a_kill(tmp_path: Path) -> None:
    data = tmp_path / "kept"
    with run_command(tmp_path, "--data", str(data)) as (process, first):
        headers = {
            "Authorization": f"Bearer {first['bot_token']}",
            "Content-Type": "text/plain; charset=UTF-8",
        }
        path = f"{first['url']}/api{SERVICES}/name/sample_kafka/import?dryRun=false"
        reply = requests.put(
            path, data=build_table(build_row("kept_topic")).encode(), headers=headers, timeout=300
        )
        assert reply.json()["status"] == "success"
        state = data / "sandbox.json"
        while "kept_topic" not in state.read_text():
            time.sleep(0.02)
        process.kill()
        process.communicate()
    with run_command(tmp_path, "--data", str(data)) as (_, second):
        headers = {"Authorization": f"Bearer {first['bot_token']}"}
        path = f"{second['url']}/api/v1/topics/name/sample_kafka.kept_topic"
        assert requests.get(path, headers=headers, timeout=300).status_code == 200
        assert second["admin_token"] == first["admin_token"]


def test_a_taken_port_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    with Sandbox() as sandbox:
        port = sandbox.url.rpartition(":")[2]
        result = subprocess.run(
            [*COMMAND, "--port", port], capture_output=True, text=True, timeout=300, check=False
        )
    assert result.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in result.stderr
    assert "--port 0" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "flags", [["--import-verdict", "maybe"], ["--job-seconds", "long"], ["--speed", "9"]]
)
def test_wrong_flags_are_explained(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(flags)
    assert ended.value.code == 2
    assert flags[0] in capsys.readouterr().err


def test_it_shares_no_code_with_the_client_and_needs_no_airflow() -> None:
    code = "import sys, airflow_provider_om_messaging.sandbox.__main__; print(*sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True
    )
    package = "airflow_provider_om_messaging"
    loaded = set(result.stdout.split())
    assert {name for name in loaded if name.startswith(package) and ".sandbox" not in name} == {package}
    assert "airflow" not in loaded


# -- kept data, in this process


def test_everything_comes_back(tmp_path: Path) -> None:
    with Sandbox(data=tmp_path) as sandbox:
        api = Api(sandbox)
        sandbox.advance_clock(1234.5)
        api.patch(f"{SERVICES}/name/sample_kafka", {"op": "add", "path": "/displayName", "value": "Kept"})
        token, other = sandbox.supersede_bot_token(), sandbox.token("alice", expires_in=7200)
        api = Api(sandbox, token)
        service = api.service()
        before = api.json(f"{SERVICES}/{service['id']}/versions"), api.export(), service["updatedAt"]
    with Sandbox(data=tmp_path) as sandbox:
        api = Api(sandbox, token)
        service = api.service()
        assert (
            api.json(f"{SERVICES}/{service['id']}/versions"),
            api.export(),
            service["updatedAt"],
        ) == before
        assert Api(sandbox, other).json("/v1/users/loggedInUser")["name"] == "alice"
        assert sandbox.bot_token == token
        again = api.patch(
            f"{SERVICES}/name/sample_kafka", {"op": "add", "path": "/displayName", "value": "More"}
        )
        assert again.json()["version"] == service["version"], "the session goes on after the restart"


def test_a_file_will_do_as_well(tmp_path: Path) -> None:
    file = tmp_path / "somewhere" / "state.json"
    with Sandbox(data=file) as sandbox:
        token = sandbox.admin_token
    assert file.stat().st_mode & 0o077 == 0, "tokens and keys are for their owner only"
    with Sandbox(data=file) as sandbox:
        assert sandbox.admin_token == token


def test_without_data_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Sandbox() as sandbox:
        token = sandbox.admin_token
    with Sandbox() as sandbox:
        assert Api(sandbox, token).get("/v1/topics").status_code == 401
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 99}', '{"format": 1}', "{}"])
def test_damaged_data_is_not_overwritten(tmp_path: Path, text: str) -> None:
    file = tmp_path / "sandbox.json"
    file.write_text(text)
    with pytest.raises(DataError, match="move it away"):
        Sandbox(data=tmp_path).start()
    assert file.read_text() == text


def test_two_sandboxes_do_not_share_data(tmp_path: Path) -> None:
    with Sandbox(data=tmp_path), pytest.raises(DataError, match="in use"):
        Sandbox(data=tmp_path).start()


def test_data_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(DataError, match="cannot keep data"):
        Sandbox(data=blocked / "below").start()

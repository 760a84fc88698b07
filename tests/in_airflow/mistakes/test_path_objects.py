"""Airflow's path objects are paths, for every path of every task. DAGs with them are in test_mapped_tasks."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.common.compat.sdk import DAG, ObjectStoragePath

from airflow_provider_om_messaging import provider_info
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.operators.support.parameters import CheckedParameters
from tests.in_airflow.mistakes.test_nothing import render
from tests.in_airflow.running import run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from airflow_provider_om_messaging.sandbox import Sandbox

SERVICE = "sample_kafka"
READ = {"source", "against"}


def find_tasks() -> Iterator[tuple[type[Any], list[str]]]:
    """Yield the operators and sensors that take paths, each with the names of those."""
    for group in ("operators", "sensors"):
        for name in provider_info.MODULES[group]:
            module = import_module(f"{provider_info.PACKAGE}.{group}.{name}")
            for value in vars(module).values():
                if isinstance(value, type) and issubclass(value, CheckedParameters):
                    paths = [name for name, each in value.parameters.items() if is_path(name, each)]
                    if paths and value.__module__ == module.__name__:
                        yield value, paths


def is_path(name: str, parameter: Any) -> bool:
    """Return whether a parameter is a path, as it is declared or as its name says."""
    is_declared = getattr(parameter.check, "__name__", "") == "check_path"
    return is_declared or name in READ or name.endswith(("destination", "path", "file"))


TASKS = dict(find_tasks())


def build_given(kind: type[Any], others: dict[str, Any], paths: dict[str, Any]) -> Any:
    return render(kind(task_id="t", **others, **paths), "native")


def build_from_text(kind: type[Any], others: dict[str, Any], paths: dict[str, Any]) -> Any:
    templates = {name: f"{{{{ {name} }}}}" for name in paths}
    return render(kind(task_id="t", **others, **templates), "text", **paths)


def build_from_native(kind: type[Any], others: dict[str, Any], paths: dict[str, Any]) -> Any:
    templates = {name: f"{{{{ {name} }}}}" for name in paths}
    return render(kind(task_id="t", **others, **templates), "native", **paths)


def build_mapped(kind: type[Any], others: dict[str, Any], paths: dict[str, Any]) -> Any:
    with DAG("d", schedule=None):
        mapped = kind.partial(task_id="t", **others).expand(**{name: [path] for name, path in paths.items()})
    return mapped.unmap(paths)


WAYS = (build_given, build_from_text, build_from_native, build_mapped)


@pytest.mark.parametrize("build", WAYS, ids=lambda build: build.__name__)
@pytest.mark.parametrize("kind", TASKS, ids=lambda kind: kind.__name__)
def test_every_path_of_every_task(sandbox: Sandbox, tmp_path: Path, kind: type[Any], build: Any) -> None:
    hook = OpenMetadataMessagingHook()
    hook.export_csv_to(SERVICE, tmp_path / "csv")
    hook.export_metadata(SERVICE, tmp_path / "json")
    text = "json" if kind.__name__.startswith("Restore") else "csv"
    paths = {
        name: ObjectStoragePath(f"file://{tmp_path}/{text if name in READ else name}") for name in TASKS[kind]
    }
    others = {"service": SERVICE, "job_id": hook.submit_export(SERVICE)}
    others = {name: value for name, value in others.items() if name in kind.parameters}
    result = run(build(kind, others, paths))
    written = {path.name.partition(".")[0] for path in tmp_path.iterdir()} - {"csv", "json"}
    assert written == set(paths) - READ
    assert "ObjectStoragePath" not in str(result)

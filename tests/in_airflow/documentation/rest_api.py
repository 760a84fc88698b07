"""Requests to Airflow's REST API, held to the description of it that Airflow comes with."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import airflow
import jsonschema
import yaml

from tests.conftest import AIRFLOW_LINE

PLACEHOLDER = re.compile(r"\{\w+\}")


def check_request(method: str, path: str, body: Any) -> None:
    """The route and the body are Airflow's. Before Airflow 3 there is no such API to hold them to."""
    if AIRFLOW_LINE.startswith("2."):
        return
    folder = Path(airflow.__file__).parent / "api_fastapi" / "core_api" / "openapi"
    text = (folder / "v2-rest-api-generated.yaml").read_text(encoding="utf-8")
    described = yaml.load(text, yaml.CSafeLoader)
    (route,) = (
        operations
        for template, operations in described["paths"].items()
        if re.fullmatch(PLACEHOLDER.sub("[^/]+", template), path)
    )
    schema = route[method.lower()]["requestBody"]["content"]["application/json"]["schema"]
    jsonschema.validate(body, {**schema, "components": described["components"]})
    name = schema["$ref"].rpartition("/")[2]
    assert body.keys() <= described["components"]["schemas"][name]["properties"].keys()

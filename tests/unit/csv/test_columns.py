"""A new column of the CSV is one entry of the table; its content says all else about it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_om_messaging.protocol.csv import columns

WITH_ENTRY = """
import json, sys
from importlib.util import module_from_spec, spec_from_file_location

name, file, entry = "airflow_provider_om_messaging.protocol.csv.columns", *sys.argv[1:3]
source = open(file, encoding="utf-8").read()
assert source.count("TABLE = (") == 1
module = module_from_spec(spec_from_file_location(name, file))
sys.modules[name] = module
exec(source.replace("TABLE = (", "TABLE = (" + entry + ","), module.__dict__)

from airflow_provider_om_messaging.protocol.csv.cells import PLAIN
from airflow_provider_om_messaging.protocol.csv.headers import detect_kind
from airflow_provider_om_messaging.protocol.csv.topic_cells import build_row
from airflow_provider_om_messaging.protocol.model.fields import find_differing_fields
from airflow_provider_om_messaging.protocol.patch.patch_document import build_operations
from airflow_provider_om_messaging.protocol.topics.compare import drop_unneeded_fields
from airflow_provider_om_messaging.protocol.topics.listed import convert_entity
from airflow_provider_om_messaging.protocol.topics.row_changes import Row, compute_values
from airflow_provider_om_messaging.protocol.wire.capabilities import parse_generation

topic, column, cell = json.loads(sys.argv[3]), sys.argv[4], sys.argv[5]
cells = build_row(topic, module.EXTENDED)
place = module.EXTENDED.index(column)
row = Row(module.EXTENDED, tuple(cell if at == place else text for at, text in enumerate(cells)))
known = {item: {"id": "9", "name": item.fqn, "fullyQualifiedName": item.fqn} for item in row.iterate_names()}
same = Row(module.EXTENDED, tuple(cells))
entries = topic[module.BY_NAME[column].field] if column in module.REFERRING else []
ids = {entry.get("fullyQualifiedName"): entry.get("id") for entry in entries}
unchanged = {item: {"id": ids.get(item.fqn), "fullyQualifiedName": item.fqn} for item in same.iterate_names()}
wanted = compute_values(same, topic, unchanged, parse_generation("1.13.2"))
print(json.dumps({
    "operations": build_operations(wanted, topic),
    "differing": find_differing_fields(wanted, json.loads(sys.argv[6])),
    "kind": detect_kind(module.EXTENDED),
    "cell": cells[place],
    "listed": convert_entity({**topic, "id": "7"}).build_row(module.EXTENDED)[place],
    "kept": drop_unneeded_fields(topic),
    "same": PLAIN.is_same(column, cells[place], cell),
    "refers": [item.fqn for item in row.iterate_names([column])],
    "wanted": compute_values(row, topic, known, parse_generation("1.13.2")),
}))
"""
"""What follows from an entry that is put in front of the others, in a process of its own."""


def run_with_entry(
    entry: str, topic: dict[str, Any], column: str, cell: str, shown: dict[str, Any]
) -> dict[str, Any]:
    """
    Run what reads, compares and changes cells with one more column.

    :param shown: the topic as the server shows it after nothing was changed.
    """
    arguments = [str(columns.__file__), entry, json.dumps(topic), column, cell, json.dumps(shown)]
    done = subprocess.run(
        [sys.executable, "-c", WITH_ENTRY, *arguments],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("column", "entry", "value", "cell", "other", "wanted"),
    [
        (
            "sourceUrl",
            'Column("sourceUrl", "sourceUrl", Content.TEXT, (_EXTENDED,))',
            "https://old",
            "https://old",
            "https://new",
            "https://new",
        ),
        (
            "products",
            'Column("products", "dataProducts", Content.REFERENCES, (_EXTENDED,), "dataProduct")',
            [{"id": "1", "type": "dataProduct", "fullyQualifiedName": "Sales"}],
            "Sales",
            "Billing",
            [{"id": "9", "type": "dataProduct", "name": "Billing", "fullyQualifiedName": "Billing"}],
        ),
        (
            "layers",
            'Column("layers", "tags", Content.LABELS, (_EXTENDED,), "tag", "Layer.")',
            [{"tagFQN": "Layer.Raw", "source": "Classification"}],
            "Layer.Raw",
            "Layer.Core",
            [
                {
                    "tagFQN": "Layer.Core",
                    "name": "Layer.Core",
                    "source": "Classification",
                    "labelType": "Manual",
                    "state": "Confirmed",
                }
            ],
        ),
    ],
    ids=["text", "references", "labels"],
)
def test_a_column_is_one_entry(
    column: str, entry: str, value: Any, cell: str, other: str, wanted: Any
) -> None:
    field = "tags" if column == "layers" else "dataProducts" if column == "products" else column
    topic = {"name": "orders", field: value}
    found = run_with_entry(entry, topic, column, other, topic)
    assert found["kind"] == "extended"
    assert found["cell"] == found["listed"] == cell
    assert found["kept"][field] == value
    assert not found["same"]
    assert found["refers"] == ([] if column == "sourceUrl" else [other])
    assert found["wanted"][field] == wanted


def test_a_list_of_references_of_any_field_has_no_order() -> None:
    """A server shows more of a reference than a name, and in an order of its own."""
    sales = {"id": "1", "type": "dataProduct", "fullyQualifiedName": "Sales"}
    billing = {"id": "2", "type": "dataProduct", "fullyQualifiedName": "Billing"}
    topic = {"name": "orders", "dataProducts": [sales, billing]}
    completed = [{**billing, "displayName": "Billing and dunning"}, {**sales, "deleted": False}]
    entry = 'Column("products", "dataProducts", Content.REFERENCES, (_EXTENDED,), "dataProduct")'
    found = run_with_entry(entry, topic, "products", "Billing;Sales", {**topic, "dataProducts": completed})
    assert found["operations"] == []
    assert found["differing"] == []
    assert found["same"]

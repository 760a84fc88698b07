"""Schemas of some sample topics: nested, with names that have dots, described and labelled in part."""

from __future__ import annotations

from typing import Any

Field = dict[str, Any]


def get_schema(service: str, topic: str) -> Field | None:
    """
    Return the schema of a sample topic; None for one without. Labels have their FQNs only.

    :param service: name of its service.
    :param topic: its name.
    """
    fields = _SCHEMAS.get((service, topic))
    return {"schemaType": "Avro", "schemaText": "", "schemaFields": fields} if fields else None


def _build_field(name: str, data_type: str, description: str | None = None, *tags: str, **more: Any) -> Field:
    return {
        "name": name,
        "dataType": data_type,
        "description": description,
        "tags": _build_labels(tags),
        **more,
    }


def _build_record(name: str, *children: Field, description: str | None = None) -> Field:
    return {"name": name, "dataType": "RECORD", "description": description, "children": list(children)}


def _build_labels(fqns: tuple[str, ...]) -> list[Field]:
    return [
        {"tagFQN": fqn, "source": "Glossary" if fqn.startswith("Business") else "Classification"}
        for fqn in fqns
    ]


_SCHEMAS: dict[tuple[str, str], list[Field]] = {
    ("sample_kafka", "orders"): [
        _build_record(
            "Order",
            _build_field("id", "STRING", "Unique; a UUID."),
            _build_record(
                "customer",
                _build_field("email", "STRING", "Where the receipt goes.", "PII.Sensitive"),
                _build_field(
                    "name",
                    "STRING",
                    None,
                    "PII.NonSensitive",
                    "Business.Person",
                    displayName="Customer's name",
                ),
                description="Who ordered.",
            ),
            _build_field("lines", "ARRAY", 'What was ordered: "SKU; count".', dataTypeDisplay="array<Line>"),
            _build_field("total", "DOUBLE", "In euros,\nVAT included."),
            description="One order.",
        ),
    ],
    ("sample_kafka", "inventory.v1"): [
        _build_field("sku", "STRING", "Stock keeping unit."),
        _build_field("stock.count", "LONG", "Its name has a dot.", "Compliance.SOX"),
        _build_field("warehouse", "STRING"),
    ],
    ("edge.kafka", "door.sensors"): [_build_field("state", "ENUM", "open, closed or forced.")],
    ("orders_redpanda", "orders-created"): [
        _build_field("id", "STRING"),
        _build_field("amount", "DOUBLE", "In cents."),
    ],
}

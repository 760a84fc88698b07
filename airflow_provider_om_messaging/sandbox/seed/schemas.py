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


def _field(name: str, data_type: str, description: str | None = None, *tags: str, **more: Any) -> Field:
    return {"name": name, "dataType": data_type, "description": description, "tags": _labels(tags), **more}


def _record(name: str, *children: Field, description: str | None = None) -> Field:
    return {"name": name, "dataType": "RECORD", "description": description, "children": list(children)}


def _labels(fqns: tuple[str, ...]) -> list[Field]:
    return [
        {"tagFQN": fqn, "source": "Glossary" if fqn.startswith("Business") else "Classification"}
        for fqn in fqns
    ]


_SCHEMAS: dict[tuple[str, str], list[Field]] = {
    ("sample_kafka", "orders"): [
        _record(
            "Order",
            _field("id", "STRING", "Unique; a UUID."),
            _record(
                "customer",
                _field("email", "STRING", "Where the receipt goes.", "PII.Sensitive"),
                _field(
                    "name",
                    "STRING",
                    None,
                    "PII.NonSensitive",
                    "Business.Person",
                    displayName="Customer's name",
                ),
                description="Who ordered.",
            ),
            _field("lines", "ARRAY", 'What was ordered: "SKU; count".', dataTypeDisplay="array<Line>"),
            _field("total", "DOUBLE", "In euros,\nVAT included."),
            description="One order.",
        ),
    ],
    ("sample_kafka", "inventory.v1"): [
        _field("sku", "STRING", "Stock keeping unit."),
        _field("stock.count", "LONG", "Its name has a dot.", "Compliance.SOX"),
        _field("warehouse", "STRING"),
    ],
    ("edge.kafka", "door.sensors"): [_field("state", "ENUM", "open, closed or forced.")],
    ("orders_redpanda", "orders-created"): [
        _field("id", "STRING"),
        _field("amount", "DOUBLE", "In cents."),
    ],
}

"""Files of topics for the tests of plans and imports, made from what the sandbox exports."""

from __future__ import annotations

import csv
import io

from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook

SERVICE = "sample_kafka"
Topic = dict[str, str]


def export_rows(service: str = SERVICE) -> list[Topic]:
    return list(csv.DictReader(io.StringIO(OpenMetadataMessagingHook().export_csv(service), newline="")))


def format_csv(rows: list[Topic]) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, rows[0], lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def describe_rows(rows: list[Topic], text: str = "Told anew,\nin two lines") -> list[Topic]:
    return [{**row, "description": f"{text}: {row['name']}"} for row in rows]


def make_topic(name: str, **cells: str) -> Topic:
    columns = ("name", "displayName", "description", "owner", "tags", "domain")
    return {**dict.fromkeys(columns, ""), "name": name, **cells}

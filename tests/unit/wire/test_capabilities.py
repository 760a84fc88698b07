"""What follows from the version of a server."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from airflow_provider_om_messaging.protocol.wire.capabilities import Capabilities, parse_generation


@pytest.mark.parametrize(
    ("version", "jobs", "by_name", "conflicts", "owners", "domains", "domains_right"),
    [
        ("1.2.0", "none", False, False, "owner", "domain", None),
        ("1.2.5", "none", False, False, "owner", "domain", None),
        ("1.3.0", "none", False, False, "owner", "domain", None),
        ("1.4.9", "none", False, False, "owner", "domain", None),
        ("1.5.0", "none", True, False, "owners", "domain", None),
        ("1.6.0-SNAPSHOT", "socket", True, False, "owners", "domain", None),
        ("1.7.9", "socket", True, False, "owners", "domain", None),
        ("1.8.12", "socket", True, False, "owners", "domain", "EditAll"),
        ("1.9.0", "socket", True, True, "owners", "domains", "EditAll"),
        ("1.10.3", "socket", True, True, "owners", "domains", "EditAll"),
        ("1.13.2-SNAPSHOT", "socket", True, True, "owners", "domains", "EditAll"),
        ("2.0.1", "rest", True, True, "owners", "domains", "EditDomains"),
        ("2.0.1.collate", "rest", True, True, "owners", "domains", "EditDomains"),
        ("v2", "rest", True, True, "owners", "domains", "EditDomains"),
        ("10.1", "rest", True, True, "owners", "domains", "EditDomains"),
        ("", "rest", True, True, "owners", "domains", "EditDomains"),
        ("main-4f2c", "rest", True, True, "owners", "domains", "EditDomains"),
    ],
)
def test_names_and_routes_by_version(
    version: str,
    jobs: str,
    by_name: bool,
    conflicts: bool,
    owners: str,
    domains: str,
    domains_right: str | None,
) -> None:
    assert asdict(parse_generation(version)) == {
        "version": version,
        "jobs": jobs,
        "patch_by_name": by_name,
        "detects_conflicts": conflicts,
        "owners_field": owners,
        "domains_field": domains,
        "marks_inherited": not version.startswith("1.2"),
        "domains_right": domains_right,
    }


@pytest.mark.parametrize(
    ("version", "csv_routes", "expected"),
    [
        (
            "1.13.2",
            False,
            "1.13.2 at https://om/api with no CSV routes for messaging services, so exports and imports go "
            "topic by topic, without jobs, JSON Patch by name",
        ),
        (
            "2.0.1",
            True,
            "2.0.1 at https://om/api with CSV routes for messaging services, jobs over REST, "
            "JSON Patch by name",
        ),
        (
            "1.2.0",
            False,
            "1.2.0 at https://om/api with no CSV routes for messaging services, so exports and imports go "
            "topic by topic, without jobs, JSON Patch by id only",
        ),
        (
            "",
            True,
            "of unknown version at https://om/api with CSV routes for messaging services, jobs over REST, "
            "JSON Patch by name",
        ),
    ],
)
def test_they_are_told_in_one_line(version: str, csv_routes: bool, expected: str) -> None:
    capabilities = Capabilities(**asdict(parse_generation(version)), csv_routes=csv_routes)
    assert capabilities.describe("https://om/api") == f"OpenMetadata {expected}"

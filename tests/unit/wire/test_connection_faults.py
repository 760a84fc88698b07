"""What is said of a connection that could not be made, or broke."""

from __future__ import annotations

import pytest

from airflow_provider_om_messaging.protocol.wire.errors import make_connection_fault
from airflow_provider_om_messaging.protocol.wire.faults import Cause


@pytest.mark.parametrize(
    "problem",
    ["unknown_host", "refused", "tls", "proxy", "connect_timeout", "read_timeout", "dropped", "damaged"],
)
def test_a_fault_of_the_connection_names_the_address_and_hides_logins(problem: str) -> None:
    found = make_connection_fault(
        problem, "acme.example:443", "cannot connect to http://u:hunter2@proxy:3128"
    )
    assert found.cause is Cause.UNAVAILABLE
    assert "acme.example:443" in found.message or problem == "proxy"
    assert "hunter2" not in found.message
    assert found.status is None
    assert found.transient == (problem != "tls")
    # A request that was sent may have had its effect.
    assert found.may_have_worked == (problem in {"read_timeout", "dropped", "damaged"})
    assert found.message.endswith(" (cannot connect to http://***@proxy:3128)")
    bare = make_connection_fault(problem, "acme.example:443").message
    assert found.message.startswith(bare)
    assert bare.endswith(".")

"""Which faults end an import, and which only fail the rows that they are about."""

from __future__ import annotations

import pytest

from airflow_provider_om_messaging.client.topics.topic_import import ends_import
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault


@pytest.mark.parametrize("cause", [Cause.UNAUTHORIZED, Cause.UNEXPECTED_REPLY])
def test_what_concerns_all_rows_ends_an_import(cause: Cause) -> None:
    assert ends_import(Fault(cause, "No."))


def test_what_may_pass_ends_an_import_so_that_another_try_goes_on() -> None:
    assert ends_import(Fault(Cause.RATE_LIMITED, "Later.", transient=True))


@pytest.mark.parametrize("cause", [Cause.BAD_REQUEST, Cause.FORBIDDEN, Cause.NOT_FOUND, Cause.CONFLICT])
def test_what_concerns_a_row_ends_no_import(cause: Cause) -> None:
    assert not ends_import(Fault(cause, "Not this one.", status=400))

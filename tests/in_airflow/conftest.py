"""What tests of operators share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def log_text(capsys: Any, caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """Return what was logged, on either line of Airflow."""

    def text() -> str:
        return caplog.text + capsys.readouterr().out

    caplog.set_level("INFO")
    return text

"""What tests of operators share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def log_text(capsys: Any, caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """Return what was logged since the last look; the newer Airflow line writes its logs out itself."""

    def text() -> str:
        logged = caplog.text + capsys.readouterr().out
        caplog.clear()
        return logged

    caplog.set_level("INFO")
    return text

"""What differs between generations of the server, in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox.errors import ApiError


@dataclass(frozen=True)
class Era:
    """
    One generation's manners.

    :param name: its name on the command line.
    :param version: what ``/v1/system/version`` says.
    :param header_is_a_row: whether an import counts the header as one processed and passed row.
    :param honours_if_match: whether PATCH looks at ``If-Match`` and replies carry an ``ETag``.
    :param async_max_bytes: largest body, in UTF-8 bytes, that ``importAsync`` takes.
    :param async_max_lines: most newline characters that ``importAsync`` takes.
    """

    name: str
    version: str
    header_is_a_row: bool
    honours_if_match: bool
    async_max_bytes: int | None
    async_max_lines: int | None

    def error_reply(self, error: ApiError) -> tuple[int, dict[str, Any], dict[str, str]]:
        """Return status, JSON body and headers of an error."""
        body: dict[str, Any] = {"code": error.status, "message": error.message}
        if error.error_type:
            body["errorType"] = error.error_type
        headers = dict(error.headers)
        if error.om_auth:
            headers["WWW-Authenticate"] = "om-auth"
        return error.status, body, headers


ERA_2_0 = Era(
    name="2.0",
    version="2.0.1",
    header_is_a_row=False,
    honours_if_match=True,
    async_max_bytes=20_971_520,
    async_max_lines=100_000,
)

"""The one exception handlers raise; what it looks like on the wire is up to the generation."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


#: Families of errors that some generations answer in a way of their own.
FRAMEWORK, UNHANDLED, SYNTAX, MAPPING = "framework", "unhandled", "syntax", "mapping"


class ApiError(Exception):
    """
    A refused request.

    :param status: HTTP status.
    :param message: text for the body's ``message``.
    :param error_type: the body's ``errorType``, which only some error families carry.
    :param om_auth: whether the reply carries ``WWW-Authenticate: om-auth``. The server's static error helper
        sets it on many statuses, so it does not mean "not authenticated".
    :param headers: further headers.
    :param family: where it comes from, if not from the server's own checks.
    :param detail: a parser's own words, which only some generations pass on; ``{source}`` in it stands for
        where the text came from.
    :param is_about: the type of the entity that there is not.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        error_type: str | None = None,
        om_auth: bool = False,
        headers: Mapping[str, str] | None = None,
        family: str = "",
        detail: str = "",
        is_about: str = "",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.error_type = error_type
        self.om_auth = om_auth
        self.headers = dict(headers or {})
        self.family = family
        self.detail = detail
        self.is_about = is_about


def bad_request(message: str) -> ApiError:
    """Return the 400 of an illegal argument."""
    return ApiError(400, message)


def syntax_error(detail: str) -> ApiError:
    """
    Return the 400 of a body that is no JSON.

    :param detail: the parser's words.
    """
    return ApiError(400, "Invalid request format", family=SYNTAX, detail=detail)


def mapping_error(detail: str) -> ApiError:
    """
    Return the 400 of JSON that is not of the wanted form.

    :param detail: the mapper's words.
    """
    return ApiError(400, "Invalid request format", family=MAPPING, detail=detail)


def unauthorized(message: str) -> ApiError:
    """Return a 401."""
    return ApiError(401, message, om_auth=True)


def forbidden(message: str) -> ApiError:
    """Return a 403."""
    return ApiError(403, message, om_auth=True)


def not_found(entity_type: str, name: str) -> ApiError:
    """Return the 404 of an entity that is not there, which is not the 404 of a missing route."""
    return ApiError(404, f"{entity_type} instance for {name} not found", om_auth=True, is_about=entity_type)


def framework_error(status: int, reason: str, headers: Mapping[str, str] | None = None) -> ApiError:
    """
    Return an error the web framework itself raises: no such route, wrong verb, media types.

    :param reason: the status line's words, for example ``Not Found``.
    """
    return ApiError(status, f"HTTP {status} {reason}", headers=headers, family=FRAMEWORK)


def no_route() -> ApiError:
    """Return the 404 of an unknown route."""
    return framework_error(404, "Not Found")


def unhandled_error(cause: str) -> ApiError:
    """Return the 500 of an exception nobody caught, with its text inside brackets."""
    return ApiError(500, frame_cause(cause), error_type="UNHANDLED", family=UNHANDLED)


def frame_cause(cause: str) -> str:
    """Return the text that the server makes of an exception's."""
    return f"An exception with message [{cause}] was thrown while processing request."

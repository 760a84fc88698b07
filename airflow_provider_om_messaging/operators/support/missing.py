"""What an export does when its service does not exist (``on_missing``), told from other errors."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from airflow.providers.common.compat.sdk import AirflowSkipException

from airflow_provider_om_messaging.exceptions import JobFailedError, NotFoundError, OpenMetadataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook

ON_MISSING = ("fail", "skip")


@contextmanager
def report_missing_service(hook: OpenMetadataMessagingHook, service: str, on_missing: str) -> Iterator[None]:
    """
    Do with a failure whose cause is that the service is gone what the task's parameter says.

    :param service: its name or UUID.
    :param on_missing: ``fail``, or ``skip`` (this task, and so what depends on it).
    :raises NotFoundError: the service is gone.
    """
    try:
        yield
    except (NotFoundError, JobFailedError) as error:
        if not _is_missing(hook, service):
            raise
        message = (
            f"There is no messaging service {service} (any more): its name may be another, or it may have "
            f"been deleted or renamed since it was listed. Nothing was written. {error}"
        )
        if on_missing == "skip":
            raise AirflowSkipException(message) from None
        raise NotFoundError(message, status=error.status) from None


def _is_missing(hook: OpenMetadataMessagingHook, service: str) -> bool:
    try:
        hook.get_service(service)
    except NotFoundError:
        return True
    except OpenMetadataError:
        return False
    return False

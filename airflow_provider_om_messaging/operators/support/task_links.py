"""Tasks that store links to what they work on, and each value of their result under its own name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_om_messaging.exceptions import log_errors

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_om_messaging.ui.links import StoredLink


XCOM_RETURN_KEY = "return_value"
"""Where Airflow keeps what a task returns."""


class LinkedOperator(BaseOperator):
    """
    An operator that stores links as XComs as soon as it knows where they lead.

    :param multiple_outputs: push each value of the result as an XCom of its own as well, so that
        ``task.output["job_id"]`` is the job's id.
    """

    stored_links: dict[str, str] | None = None
    """Key → URL of all links; None in a pass that goes on from one that may have stored some."""

    def __init__(self, *, multiple_outputs: bool = True, **kwargs: Any) -> None:
        super().__init__(multiple_outputs=multiple_outputs, **kwargs)

    if TYPE_CHECKING:  # Airflow 3 declares what cannot be indexed, and returns what can

        @property
        def output(self) -> Any:
            """The result, for other tasks; ``output["job_id"]`` is one value of it."""

    def push_result(self, context: Context, result: dict[str, Any]) -> None:
        """
        Push the result of a task that is about to fail or to be skipped, of which Airflow keeps none.

        :param context: the task's context.
        :param result: what the task would have returned.
        """
        if "ti" not in context or not self.do_xcom_push:
            return
        values = result if self.multiple_outputs else {}
        with log_errors(self.log, "The task's result could not be kept"):
            for key, value in {**values, XCOM_RETURN_KEY: result}.items():
                context["ti"].xcom_push(key, value)

    def pre_execute(self, context: Context) -> None:
        """Begin a pass."""
        super().pre_execute(context)
        self.stored_links = {}

    def resume_execution(self, *args: Any, **kwargs: Any) -> Any:
        """Go on after a deferral."""
        self.stored_links = None
        return super().resume_execution(*args, **kwargs)

    def store_link(
        self, context: Context, link: type[StoredLink], find_url: Callable[[], str | None]
    ) -> None:
        """
        Store a link. That it cannot be made fails no task, which will itself say what is wrong.

        :param context: the task's context.
        :param link: which.
        :param find_url: returns where it leads; None for a link that there is not.
        """
        task_instance = context.get("ti")
        if task_instance is None:
            return
        try:
            url = find_url()
            if url is None:
                return
            task_instance.xcom_push(key=link.key, value=url)
        except Exception as error:
            self.log.info("There is no link %r: %s", link.name, type(error).__name__)
        else:
            if self.stored_links is not None:
                self.stored_links[link.key] = url

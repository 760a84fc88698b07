"""What operators have in common that may wait for a job of the server."""

from __future__ import annotations

from abc import abstractmethod
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import conf

from airflow_provider_om_messaging.exceptions import InvalidParameterError, public_errors
from airflow_provider_om_messaging.hooks.engine_options import AUTO
from airflow_provider_om_messaging.operators.support.base import MessagingOperator
from airflow_provider_om_messaging.operators.support.lineage_events import keep_for_lineage
from airflow_provider_om_messaging.operators.support.parameters import Parameter, flag, seconds, whole_number
from airflow_provider_om_messaging.ui.links import JobLink, ServiceLink

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_om_messaging.operators.execution.job_execution import JobExecution

DEFAULT_DEFERRABLE = conf.getboolean("operators", "default_deferrable", fallback=False)
"""Whether tasks of this Airflow wait in the triggerer if they do not say."""

BACKSTOP = timedelta(minutes=10)
"""How much later than the trigger's own deadline Airflow's goes off, for a triggerer that is stuck."""


class WaitingOperator(MessagingOperator):
    """
    Submits an async job, where that is wanted, and waits for its end.

    :param asynchronous: let the server work in a job of its own, for services too large for one request. On
        servers before 2.0 that takes ``engine="server"`` and the extra ``sockets``, and the wait is in the
        worker; without them it has no effect.
    :param wait_for_completion: wait for that job; if not, the task ends with its id and a sensor may wait for
        it.
    :param deferrable: wait in the triggerer, without a worker slot. A synchronous request cannot be deferred.
    :param poll_interval: seconds between two looks at the job at most; the first come sooner.
    :param timeout: seconds until the wait is given up; the job is then cancelled.
    :param max_consecutive_failures: how many polls may fail one after the other; None for ten minutes' worth.
    :param cancel_on_kill: cancel the job if the task is killed: cleared, or marked as failed or successful.
    :param resubmit_on_server_restart: submit the job once more if the server restarted and lost it. For
        exports and dry runs only: how much of an import was done by then is not known.
    """

    parameters: ClassVar[Mapping[str, Parameter]] = {
        **MessagingOperator.parameters,
        "asynchronous": flag(),
        "wait_for_completion": flag(),
        "deferrable": flag(),
        "poll_interval": seconds(),
        "timeout": seconds(),
        "max_consecutive_failures": whole_number(0),
        "cancel_on_kill": flag(),
        "resubmit_on_server_restart": flag(),
    }
    operator_extra_links = (ServiceLink(), JobLink())
    engine: str = AUTO

    def __init__(
        self,
        *,
        asynchronous: bool = False,
        wait_for_completion: bool = True,
        deferrable: bool = DEFAULT_DEFERRABLE,
        poll_interval: float = 30.0,
        timeout: float = 3600.0,
        max_consecutive_failures: int | None = None,
        cancel_on_kill: bool = True,
        resubmit_on_server_restart: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.asynchronous = asynchronous
        self.wait_for_completion = wait_for_completion
        self.deferrable = deferrable
        self.poll_interval = poll_interval
        self.timeout = timeout
        self.max_consecutive_failures = max_consecutive_failures
        self.cancel_on_kill = cancel_on_kill
        self.resubmit_on_server_restart = resubmit_on_server_restart
        self.is_killed = False

    def check_combinations(self) -> None:
        """Refuse not to wait for what is a request."""
        super().check_combinations()
        if self.wait_for_completion is False and self.asynchronous is False:
            raise InvalidParameterError(
                "wait_for_completion=False means nothing without asynchronous=True: a request is waited for."
            )

    @property
    @abstractmethod
    def execution(self) -> JobExecution:
        """What the task does, made once, in the process that does it."""

    @public_errors()
    @keep_for_lineage
    def execute(self, context: Context) -> dict[str, Any]:
        """Do the work in one request, or submit a job that does."""
        self.check_parameters()
        return self.execution.execute(context)

    @keep_for_lineage
    def execute_complete(self, context: Context, event: Any = None) -> dict[str, Any]:
        """
        Go on after a deferral.

        :param event: what the trigger sent; the job itself is read again.
        """
        return self.execution.resume(context, event)

    def on_kill(self) -> None:
        """Cancel the job of a task that is stopped in the worker; one that is just being made, once it is."""
        self.is_killed = True
        if self.cancel_on_kill and "execution" in self.__dict__:
            self.execution.cancel_job_in_progress()

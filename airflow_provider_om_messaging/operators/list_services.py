"""Listing messaging services, to map other tasks over them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import AirflowSkipException, BaseOperator

from airflow_provider_om_messaging.exceptions import NotFoundError, public_errors
from airflow_provider_om_messaging.operators.support.parameters import (
    CheckedParameters,
    Parameter,
    choice,
    entry,
    pattern,
    text,
)
from airflow_provider_om_messaging.provider_info import DEFAULT_CONN_ID

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context


class ListMessagingServicesOperator(CheckedParameters, BaseOperator):
    """
    Lists the messaging services that meet all conditions that are given; without any, all of them.

    Returns a list, in the order of names. Of each service: ``name``, ``fqn`` (the name, in quotes where an
    FQN needs them), ``type``, and ``topics``, how many topics it has. Services that were deleted are not in
    it.

    Map other tasks over it with ``expand``: what ``expand_kwargs`` takes from a task, Airflow renders as
    templates, and a service's name may be one. It maps over 1,024 at most, unless
    ``[core] max_map_length`` says more.

    :param service_type: such as ``Kafka``, in any case of letters.
    :param domain: FQN of a domain that the service itself has; domains below it do not count.
    :param service_owner: ``user:NAME`` or ``team:NAME``. What the users of a team own does not count for the
        team. (``owner`` is the task's, as for every operator of Airflow.)
    :param tag: FQN of a tag, or ``glossaryTerm:FQN``; one that a glossary term brings along counts too.
    :param name: a regular expression that the whole name has to match, without quotes and with the case of
        letters: ``orders_.*`` begins with, ``.*kafka.*`` holds, ``(?i)edge.*`` ignores the case.
    :param on_empty: what to do if there is no such service: ``fail``, because a nightly task that works on
        nothing would pass unnoticed, or ``skip``.
    :param om_messaging_conn_id: id of the Airflow connection.
    """

    parameters: ClassVar[Mapping[str, Parameter]] = {
        "service_type": text(),
        "domain": entry("domains"),
        "service_owner": entry("owners"),
        "tag": entry("tags"),
        "name": pattern(),
        "on_empty": choice("fail", "skip"),
        "om_messaging_conn_id": text(is_needed=True),
    }
    template_fields: Sequence[str] = tuple(parameters)
    ui_color = "#efe7fb"

    def __init__(
        self,
        *,
        service_type: str | None = None,
        domain: str | None = None,
        service_owner: str | None = None,
        tag: str | None = None,
        name: str | None = None,
        on_empty: str = "fail",
        om_messaging_conn_id: str = DEFAULT_CONN_ID,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.service_type = service_type
        self.domain = domain
        self.service_owner = service_owner
        self.tag = tag
        self.name = name
        self.on_empty = on_empty
        self.om_messaging_conn_id = om_messaging_conn_id
        self.note_parameters()

    @public_errors()
    def execute(self, context: Context) -> list[dict[str, Any]]:
        """List them."""
        from airflow_provider_om_messaging.protocol.model.fields import shorten

        self.check_parameters()
        conditions = {
            "service_type": self.service_type,
            "domain": self.domain,
            "owner": self.service_owner,
            "tag": self.tag,
            "name": self.name,
        }
        given = {name: value for name, value in conditions.items() if value is not None}
        services = self.hook.list_services(**given)
        if services:
            self.log.info("%d services: %s", len(services), shorten([one["fqn"] for one in services], 1000))
            return services
        described = ", ".join(f"{name} {value!r}" for name, value in given.items())
        which = f" with {described}" if described else ""
        message = f"There is no messaging service{which} that this token is shown."
        if self.on_empty == "skip":
            raise AirflowSkipException(message)
        raise NotFoundError(f"{message} If that is no mistake: on_empty='skip'.")

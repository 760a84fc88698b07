"""Reading back many changed topics at the end of an import, where a server detects no conflicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_om_messaging.client.editing.readback import OverwrittenError, check_readback
from airflow_provider_om_messaging.client.editing.target import Target
from airflow_provider_om_messaging.client.renamed_fields import to_server_names
from airflow_provider_om_messaging.protocol import routes
from airflow_provider_om_messaging.protocol.model.entities import TOPIC, list_fields_to_ask
from airflow_provider_om_messaging.protocol.patch.changes import CHANGEABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from concurrent.futures import Executor

    from airflow_provider_om_messaging.client.editing.inheritance import Inheritance
    from airflow_provider_om_messaging.client.editing.patching import AppliedEdit
    from airflow_provider_om_messaging.client.transport.sync import Client
    from airflow_provider_om_messaging.protocol.model.fields import Entity
    from airflow_provider_om_messaging.protocol.topics.listed import ListedTopic
    from airflow_provider_om_messaging.protocol.wire.faults import Fault


def find_overwritten(
    client: Client,
    changed: Mapping[str, AppliedEdit],
    pages: Callable[[], Iterable[Sequence[ListedTopic]]],
    listed: int,
    pool: Executor,
    inheritance: Inheritance,
) -> Iterator[tuple[str, Fault]]:
    """
    Yield the ids of topics whose change is not there any more, each with its outcome.

    They are read one by one or listed again, whichever takes fewer requests.

    :param changed: by id, what was done to a topic.
    :param pages: lists all topics.
    :param listed: how many requests that takes.
    :param pool: carries out the requests.
    :param inheritance: marks what they may only inherit.
    :raises Fault: the server cannot be asked.
    """
    nothing: Entity = {"owners": [], "domains": []}
    for now in _read_again(client, changed, pages, listed, pool):
        done = changed[str(now["id"])]
        try:
            after = {**nothing, **inheritance.mark_inherited(now)}
            target = Target(client, TOPIC, str(now["id"]), inheritance)
            check_readback(target, done.plan, done.before, done.after, after)
        except OverwrittenError as fault:
            yield str(now["id"]), fault


def _read_again(
    client: Client,
    changed: Mapping[str, AppliedEdit],
    pages: Callable[[], Iterable[Sequence[ListedTopic]]],
    listed: int,
    pool: Executor,
) -> Iterator[Entity]:
    if len(changed) <= listed:
        changed_fields = {field for done in changed.values() for field in done.plan.desired or ()}
        fields = to_server_names(client, list_fields_to_ask(TOPIC, {*CHANGEABLE, *changed_fields}))
        yield from pool.map(
            lambda topic_id: client.call(routes.read_entity(TOPIC, topic_id, fields)).entity, changed
        )
    else:
        for topics in pages():
            yield from (topic.get_entity() for topic in topics if topic.id in changed)

"""Reading the Airflow connection once for all the waits that begin together.

A triggerer starts hundreds of triggers at once, after its own start or when a DAG of many services comes to
its waits. Each look at a connection takes Airflow a third of a millisecond of the event loop, and on 3.x a
question to the API server.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from airflow_provider_om_messaging.client.transport.settings import Settings
    from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingAsyncHook

_lookups: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Task[Settings]]] = (
    WeakKeyDictionary()
)


async def look_up_settings(hook: OpenMetadataMessagingAsyncHook) -> Settings:
    """
    Return what a connection says now. Whoever asks while that is being looked up gets the same answer.

    :param hook: the hook of the connection.
    :raises Fault: the connection says too little, or something wrong.
    """
    loop = asyncio.get_running_loop()
    own = _lookups.setdefault(loop, {})
    conn_id = hook.om_messaging_conn_id
    if (lookup := own.get(conn_id)) is None:

        def forget(ended: asyncio.Task[Settings]) -> None:
            del own[conn_id]
            # All may have been cancelled meanwhile, and asyncio complains of errors that nobody has seen.
            if not ended.cancelled():
                ended.exception()

        lookup = own[conn_id] = loop.create_task(hook.settings())
        lookup.add_done_callback(forget)
    # One trigger that is cancelled must not cancel the others' lookup.
    return await asyncio.shield(lookup)

"""``service_file_name``, the file name of a service, for templates and tasks of DAGs.

Give it to a DAG as ``user_defined_macros``.
"""

from __future__ import annotations

import hashlib
import re
from urllib.parse import quote

from airflow_provider_om_messaging.exceptions import public_errors
from airflow_provider_om_messaging.protocol.model.names import normalize_fqn, require_text, split_fqn
from airflow_provider_om_messaging.protocol.wire.faults import Fault

_LONGEST = 120
"""Characters of a file name, so that endings such as ``.metadata.json.gz`` fit into every file system."""
_DIGEST = 16
_CUT_ESCAPE = re.compile(r"%.?\Z")


@public_errors()
def service_file_name(service: str) -> str:
    """
    Return the name under which the files of a service lie: a different one for every service.

    Letters from a to z, digits, ``-``, ``_`` and ``.`` stand for themselves, a dot at the start and all else
    is percent-encoded as UTF-8. A name that is longer than 120 characters then is cut, and ends in ``~`` and
    16 hexadecimal digits of the SHA-256 of the service's name. Services whose names differ in case only have
    names that differ in case only.

    :param service: the service's name, quoted or not, or its UUID. ``edge.kafka`` and ``"edge.kafka"`` are
        the same service.
    :raises InvalidParameterError: it is empty.
    """
    name = _unquote(require_text("service", service))
    encoded = quote(name, safe="").replace("~", "%7E")
    if encoded.startswith("."):
        encoded = "%2E" + encoded[1:]
    if len(encoded) <= _LONGEST:
        return encoded
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST]
    return _CUT_ESCAPE.sub("", encoded[: _LONGEST - _DIGEST - 1]) + "~" + digest


def _unquote(service: str) -> str:
    """Return the name that a service's FQN is; what is no such FQN stands for itself."""
    try:
        parts = split_fqn(normalize_fqn(service)) if '"' in service else [service]
    except Fault:
        return service
    return parts[0] if len(parts) == 1 else service

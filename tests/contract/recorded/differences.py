"""Where the sandbox does not answer as a recorded server, and why."""

from __future__ import annotations

#: Step → why it differs.
OF_BOTH = {
    "version": "The sandbox is a release of its generation, the recorded servers were builds before one.",
    "list": "The recorded servers held some twenty services of earlier trials, the sandbox has two samples.",
}
DIFFERENCES: dict[str, dict[str, str]] = {
    "1.6": OF_BOTH,
    "1.2": {**OF_BOTH, "list_bad_cursor": "As for the list: the services after the cursor are others."},
}

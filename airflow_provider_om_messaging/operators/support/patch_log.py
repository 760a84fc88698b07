"""What patches and restores say in the task's log."""

from __future__ import annotations

from typing import Any

from airflow_provider_om_messaging.protocol.model.fields import format_for_display, shorten


def log_patch_result(result: dict[str, Any], log: Any) -> None:
    """
    Log the result of a patch or restore, field by field.

    :param result: what the hook returned.
    :param log: the task's logger.
    """
    if "preview" in result:
        log.info("Preview, nothing was sent. %s", _describe_preview(result))
        steps = result["preview"]
    else:
        log.info("%s", _describe_change(result))
        journal = result["journal"]
        steps = {
            field: {side: format_for_display(field, journal[side][field]) for side in ("before", "after")}
            for field in journal["fields"]
        }
    for field, step in steps.items():
        log.info("%s: %s → %s", field, shorten(step["before"]), shorten(step["after"]))
    for name in result["missing"]:
        log.warning("No longer there, so left out: %s", name)
    for note in result["notes"]:
        log.warning("%s", note)


def _describe_preview(result: dict[str, Any]) -> str:
    if not result["fields"]:
        return f"Nothing would change: version {result['version']} is as wanted."
    return f"Would change {', '.join(result['fields'])} of version {result['version']}."


def _describe_change(result: dict[str, Any]) -> str:
    if not result["changed"]:
        return f"Nothing to change: version {result['version']} is as wanted."
    fields = ", ".join(result["fields"])
    return f"Changed {fields}: version {result['version_before']} became {result['version']}."

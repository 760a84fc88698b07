"""Reading a list of jobs again and again, of which little has changed since the last time."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

from airflow_provider_om_messaging.protocol.jobs import Job, job_of, read_jobs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_om_messaging.protocol.wire import Reply

_START, _COMMA, _END = (re.compile(rf"\s*{sign}\s*") for sign in (r"\[", ",", r"\]"))
_decode = json.JSONDecoder().raw_decode


class _Read(NamedTuple):
    text: str
    job: Job


class JobList:
    """
    Remembers the list that it read last: a job whose text is the same as then is the same object.

    To decode a hundred jobs takes longer than to ask for them, and while they wait for one of the server's
    few workers, nearly all of them are as they were.
    """

    def __init__(self) -> None:
        self._last: list[_Read] = []

    def read(self, reply: Reply) -> list[Job]:
        """
        Return the jobs in a reply, newest first as the server lists them.

        :raises Fault: the reply is no list of jobs.
        """
        try:
            self._last = list(self._jobs(reply.body.decode("utf-8")))
        except (ValueError, RecursionError):
            return read_jobs(reply)
        return [job for _, job in self._last]

    def _jobs(self, text: str) -> Iterator[_Read]:
        before = iter(self._last)
        known = next(before, None)
        at = _end_of(_START, text, 0)
        while True:
            # JSON values end where they end, whatever follows: the same text is the same value.
            if known is not None and text.startswith(known.text, at):
                found = known
            else:
                document, end = _decode(text, at)
                found = _Read(text[at:end], job_of(document))
            yield found
            if known is not None and found.job.job_id == known.job.job_id:
                known = next(before, None)
            at += len(found.text)
            if not (comma := _COMMA.match(text, at)):
                break
            at = comma.end()
        if _end_of(_END, text, at) != len(text):
            raise ValueError("more than a list")


def _end_of(sign: re.Pattern[str], text: str, at: int) -> int:
    if not (found := sign.match(text, at)):
        raise ValueError("not a list")
    return found.end()

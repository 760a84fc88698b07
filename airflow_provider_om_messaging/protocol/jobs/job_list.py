"""Reading jobs again and again, of which little has changed since the last time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from airflow_provider_om_messaging.protocol.jobs.job import LONGEST_LIST, Job, parse_job, read_job, read_jobs
from airflow_provider_om_messaging.protocol.wire.json_values import check_depth, raw_decode
from airflow_provider_om_messaging.protocol.wire.message import make_unexpected_reply_fault

if TYPE_CHECKING:
    from airflow_provider_om_messaging.protocol.wire.message import Reply

_START, _COMMA, _END = (re.compile(rf"\s*{sign}\s*") for sign in (r"\[", ",", r"\]"))


class _ReadJob(NamedTuple):
    text: str
    """Its JSON, and the comma after it."""
    job: Job
    more: bool
    """Whether there is a comma."""


class JobReader:
    """
    Remembers the job that it read last: while its text stays as it was, so does the object.

    :param job_id: the job that is asked for; None for any.
    """

    def __init__(self, job_id: str | None = None) -> None:
        self._job_id = job_id
        self._last: tuple[int, Job] | None = None

    def read(self, reply: Reply) -> Job:
        """
        Return the job in a reply.

        :raises Fault: the reply holds none.
        """
        # Of thousands of jobs, the texts themselves would take more memory than all else.
        text = hash(reply.body)
        if self._last is None or self._last[0] != text:
            self._last = text, read_job(reply, self._job_id)
        return self._last[1]


class JobList:
    """
    Remembers the list that it read last: a job whose text is the same as then is the same object.

    To decode a hundred jobs takes longer than to ask for them, and while they wait for one of the server's
    few workers, nearly all of them are as they were.
    """

    def __init__(self) -> None:
        self._last: list[_ReadJob] = []

    def read(self, reply: Reply) -> list[Job]:
        """
        Return the jobs in a reply, newest first as the server lists them.

        :raises Fault: the reply is no list of jobs.
        """
        last, self._last = self._last, []
        try:
            self._last = _parse_jobs(reply.body.decode("utf-8"), last)
        except (ValueError, RecursionError):
            return read_jobs(reply)
        return [one.job for one in self._last]


def _parse_jobs(text: str, last: list[_ReadJob]) -> list[_ReadJob]:
    jobs: list[_ReadJob] = []
    before = iter(last)
    known = next(before, None)
    at, more = _skip_sign(_START, text, 0), True
    while more:
        # JSON values end where they end, whatever follows: the same text is the same value.
        if known is not None and text.startswith(known.text, at):
            one = known
        else:
            document, end = raw_decode(text, at)
            check_depth(document, text[at:end])
            comma = _COMMA.match(text, end)
            one = _ReadJob(text[at : comma.end() if comma else end], parse_job(document), comma is not None)
        jobs.append(one)
        if len(jobs) > LONGEST_LIST:
            raise make_unexpected_reply_fault(f"a list of more than {LONGEST_LIST} jobs")
        at += len(one.text)
        more = one.more
        if known is not None and (one is known or one.job.job_id == known.job.job_id):
            known = next(before, None)
    if _skip_sign(_END, text, at) != len(text):
        raise ValueError("more than a list")
    return jobs


def _skip_sign(sign: re.Pattern[str], text: str, at: int) -> int:
    if not (match := sign.match(text, at)):
        raise ValueError("not a list")
    return match.end()

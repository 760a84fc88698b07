"""Which jobs to ask for first, if not all can be asked for within a poll interval."""

from __future__ import annotations

from heapq import nsmallest
from operator import attrgetter
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_om_messaging.protocol.jobs.job import Job

QUEUED = frozenset({"QUEUED", "PENDING"})

Likeliness = tuple[int, float]


class Due(Protocol):
    """Something that is to be asked for."""

    late: float
    """The moment at which its poll interval is over."""

    likeliness: Likeliness
    """How likely it is to have ended; the smallest is the likeliest."""


D = TypeVar("D", bound=Due)


def estimate_end(job_id: str, job: Job | None, due: float) -> Likeliness:
    """
    Return how likely a job is to have ended by its next poll; the smallest is the likeliest.

    A server has few workers, which take the oldest job first. So jobs that were seen at work come first, then
    the others from the oldest on, seen in the server's queue or not seen yet.

    :param job: the job as it was last seen; None if it was not seen yet.
    :param due: the moment of its next poll.
    """
    if job is not None and job.status not in QUEUED:
        return 0, due
    # The ids of servers that can be polled are numbers that only grow.
    return 1, float(job_id) if job_id.isdecimal() else due


def choose_jobs(candidates: Sequence[D], number: int) -> list[D]:
    """
    Return those to ask for now: a tenth of them the likeliest to have ended, the others the first to be late.

    A tenth is enough for a server's few workers. Any more would delay the others, whose turn comes whatever
    the order is in which the server works.

    :param number: how many at most.
    """
    if len(candidates) <= number:
        return sorted(candidates, key=attrgetter("late"))
    chosen = dict.fromkeys(nsmallest(number // 10, candidates, key=attrgetter("likeliness")))
    for candidate in nsmallest(number, candidates, key=attrgetter("late")):
        if len(chosen) >= number:
            break
        chosen[candidate] = None
    return list(chosen)

"""Work beside the main one: in order, with its errors, and done when its block ends."""

from __future__ import annotations

import threading

import pytest

from airflow_provider_om_messaging.files.background import SMALL as LARGE
from airflow_provider_om_messaging.files.background import SingleTaskWorker


def test_pieces_are_done_in_order_and_all_of_them() -> None:
    done: list[int] = []
    with SingleTaskWorker() as beside:
        for number in range(20):
            beside.run(lambda number=number: done.append(number), LARGE if number % 3 else 1)
    assert done == list(range(20))


def test_only_a_large_piece_is_worth_a_thread() -> None:
    threads: list[threading.Thread] = []
    with SingleTaskWorker() as beside:
        beside.run(lambda: threads.append(threading.current_thread()), LARGE - 1)
        beside.run(lambda: threads.append(threading.current_thread()), LARGE)
    assert threads[0] is threading.main_thread()
    assert threads[1] is not threading.main_thread()


def test_no_more_than_one_piece_is_held() -> None:
    at_work, most = 0, 0
    lock = threading.Lock()

    def work() -> None:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        threading.Event().wait(0.001)
        with lock:
            at_work -= 1

    with SingleTaskWorker() as beside:
        for _ in range(10):
            beside.run(work, LARGE)
    assert (at_work, most) == (0, 1)


def fail() -> None:
    raise OSError("disk full")


def test_no_piece_is_done_after_one_that_failed() -> None:
    done: list[int] = []

    def work() -> None:
        with SingleTaskWorker() as beside:
            beside.run(fail, LARGE)
            beside.run(lambda: done.append(1), LARGE)

    with pytest.raises(OSError, match="disk full"):
        work()
    assert done == []


def test_an_error_of_the_last_piece_comes_out_at_the_end() -> None:
    def work(then: BaseException | None) -> None:
        with SingleTaskWorker() as beside:
            beside.run(fail, LARGE)
            if then:
                raise then

    with pytest.raises(OSError, match="disk full"):
        work(None)
    # One of the main work is not covered by it.
    with pytest.raises(KeyError, match="main"):
        work(KeyError("main"))

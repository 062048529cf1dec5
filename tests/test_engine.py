"""The seam for parallel work: order, progress, errors."""

import threading

import pytest

from isoflop.engine import map_tasks


@pytest.mark.parametrize("workers", [1, 2, 5, None])
def test_results_come_in_the_order_of_the_tasks(workers):
    assert map_tasks(lambda x: x * x, list(range(20)), workers=workers) == [x * x for x in range(20)]


def test_no_tasks_give_no_results():
    assert map_tasks(abs, []) == []


@pytest.mark.parametrize("workers", [1, 3])
def test_progress_is_told_from_the_calling_thread(workers):
    seen = []
    map_tasks(abs, [1, 2, 3, 4], workers=workers, progress=lambda d, n: seen.append((d, n, threading.current_thread())))
    assert [s[:2] for s in seen] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert {s[2] for s in seen} == {threading.current_thread()}


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_in_a_task_reaches_the_caller(workers):
    with pytest.raises(ZeroDivisionError):
        map_tasks(lambda x: 1 / x, [1, 0, 2], workers=workers)

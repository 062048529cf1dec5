"""The one seam for parallel work: in this process now, an existing cluster engine later."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

Progress = Callable[[int, int], None]
"""Called with (tasks done, tasks in all) from the calling thread."""


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_tasks(
    function: Callable[[T], R], tasks: Sequence[T], *, workers: int | None = None, progress: Progress | None = None
) -> list[R]:
    """Apply a function to every task, in order, on as many threads as pay.

    Tasks must be independent and carry their own random state, so that the result has the
    same bits for any number of workers. NumPy releases the interpreter lock inside its loops.

    Args:
        function: what to do with one task.
        tasks: the tasks.
        workers: threads; all cores when None.
        progress: called after each finished task.

    Returns:
        One result per task, in the order of the tasks.

    >>> map_tasks(abs, [-1, 2, -3])
    [1, 2, 3]
    """
    count = min(workers or cores(), len(tasks))
    results: list[R] = []
    if count <= 1:
        for task in tasks:
            results.append(function(task))
            if progress is not None:
                progress(len(results), len(tasks))
        return results
    with ThreadPoolExecutor(count) as pool:
        for result in pool.map(function, tasks):
            results.append(result)
            if progress is not None:
                progress(len(results), len(tasks))
    return results

"""The clock of the benchmarks: what a slow phase of the machine does to it."""

from itertools import count

import pytest
from benchmarks import cases

PASSES, COST, SLOWED = 8, 1.0, 5.0


def measured(monkeypatch: pytest.MonkeyPatch, slow: range, functions: int) -> list[float]:
    """Return the times of functions on a made-up clock, on which some of all calls take longer."""
    clock, calls = [0.0], count()
    monkeypatch.setattr(cases.time, "process_time", lambda: clock[0])

    def work() -> None:
        clock[0] += SLOWED if next(calls) in slow else COST

    return cases.interleaved([work] * functions, PASSES)


def test_a_slow_phase_is_left_out_where_functions_take_turns(monkeypatch):
    slow = range(8, 16)
    assert measured(monkeypatch, slow, 3) == [COST] * 3
    # All calls of one function in a row fall into the phase.
    assert measured(monkeypatch, range(PASSES), 1) == [SLOWED]


def test_every_function_is_called_as_often_as_was_asked():
    called = [0, 0]

    def one() -> None:
        called[0] += 1

    def other() -> None:
        called[1] += 1

    assert len(cases.interleaved([one, other], 6)) == 2
    assert called == [6, 6]
    assert cases.cpu_seconds(one, 4) >= 0
    assert called == [10, 6]

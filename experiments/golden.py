"""Which of the tests against published numbers check which law: found out by running them.

Every test in tests/papers is run; a law is credited with a test that passes while the law is evaluated
or fitted in it, or its published constants or its fitted parameters are read. Nothing is declared by hand.
"""

import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

from isoflop.fit.result import Fit
from isoflop.laws.law import Law

ROOT = Path(__file__).parent.parent
FOLDER = "tests/papers"

Golden = dict[str, dict[str, dict[str, int]]]
"""Law → file → test → number of its cases that passed."""


class Trace:
    """A pytest plugin that notes the laws at work while each test runs.

    Attributes:
        at_work: laws of the test that is running.
        found: law → (file, test) → cases that passed.
        outcomes: how many tests passed, failed or were skipped.
    """

    def __init__(self) -> None:
        self.at_work: set[str] = set()
        self.found: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
        self.outcomes: Counter[str] = Counter()

    def note(self, law: Law) -> None:
        """Take down a law that is used; a formula that a test writes itself is no shipped law."""
        if law.family != "user" and law.source is not None:
            self.at_work.add(law.name)

    def pytest_runtest_setup(self) -> None:
        """Begin a test."""
        self.at_work.clear()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """End a test: credit the laws if it passed."""
        if report.when == "call" or report.outcome != "passed":
            self.outcomes[report.outcome] += 1
        if report.when == "call" and report.passed:
            file, _, case = report.nodeid.partition("::")
            for law in self.at_work:
                self.found[law][file, case.partition("[")[0]] += 1

    def golden(self) -> Golden:
        """Give what was found, sorted."""
        laws: Golden = {}
        for law, tests in sorted(self.found.items()):
            files: dict[str, dict[str, int]] = {}
            for (file, test), cases in sorted(tests.items()):
                files.setdefault(file, {})[test] = cases
            laws[law] = files
        return laws


@contextmanager
def watched(trace: Trace) -> Iterator[None]:
    """Have the laws and fits report to the trace while the block runs."""
    kept: list[tuple[type, str, Any]] = []

    def watch(owner: type, name: str, wrapped: Any) -> None:
        kept.append((owner, name, owner.__dict__[name]))
        setattr(owner, name, wrapped)

    def noting(method: Callable[..., Any], law_of: Callable[[Any], Law]) -> Callable[..., Any]:
        @wraps(method)
        def noted(self: Any, *args: Any, **kwargs: Any) -> Any:
            trace.note(law_of(self))
            return method(self, *args, **kwargs)

        return noted

    for name in ("evaluate", "gradient", "program", "published_set"):
        watch(Law, name, noting(getattr(Law, name), lambda law: law))
    watch(Fit, "evaluate", noting(Fit.evaluate, lambda fit: fit.law))
    read = Fit.__dict__["parameters"].func
    watch(Fit, "parameters", property(noting(read, lambda fit: fit.law)))
    try:
        yield
    finally:
        for owner, name, value in kept:
            setattr(owner, name, value)


def collect() -> tuple[Golden, Counter[str]]:
    """Run the tests against published numbers.

    Returns:
        Law → file → test → cases that passed, and how many tests ended how.
    """
    trace = Trace()
    with watched(trace):
        pytest.main([str(ROOT / FOLDER), "-q", "-p", "no:randomly", "-p", "no:cacheprovider"], plugins=[trace])
    return trace.golden(), trace.outcomes


if __name__ == "__main__":
    golden, outcomes = collect()
    for name, files in golden.items():
        print(f"{name}: {sum(sum(tests.values()) for tests in files.values())} in {', '.join(files)}")
    sys.exit(outcomes["failed"] > 0)

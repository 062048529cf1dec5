"""What every law of the catalogue was tried on: tests against published numbers, tables, back-tests.

Run with the published tables beside: ISOFLOP_DATA=FOLDER python -m experiments.catalogue
It runs the tests against published numbers, so it takes minutes, and writes docs/results/catalogue.json,
which docs/catalogue.md shows.
"""

import json
import os
import platform
import sys
from collections import Counter
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from experiments.catalogue_backtests import backtests
from experiments.catalogue_checks import checks
from experiments.golden import ROOT, collect

from isoflop.errors import FileError
from isoflop.laws.law import Law

RESULT = ROOT / "docs" / "results" / "catalogue.json"


class Contracts:
    """A pytest plugin that counts the contract tests of every law.

    Attributes:
        found: law → tests.
    """

    def __init__(self) -> None:
        self.found: Counter[str] = Counter()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Count the tests whose parameters are a law or a law's design."""
        for item in items:
            given = getattr(item, "callspec", None)
            for value in given.params.values() if given else ():
                law = value.name if isinstance(value, Law) else getattr(value, "law", None)
                self.found.update([law] if isinstance(law, str) else [])


def contracts() -> dict[str, int]:
    """Count the contract tests of every law without running them.

    Returns:
        Law → tests.
    """
    counting = Contracts()
    folder = str(ROOT / "tests" / "contracts")
    pytest.main([folder, "-q", "--collect-only", "--no-summary", "-p", "no:cacheprovider"], plugins=[counting])
    return dict(sorted(counting.found.items()))


def compared(directory: Path) -> list[dict[str, Any]]:
    """Compute the numbers of the tables' records.

    Args:
        directory: the published tables.

    Returns:
        One row per number, with the reason where the two differ.
    """
    return [asdict(check) | {"agrees": check.agrees, "reason": check.reason} for check in checks(directory)]


def main() -> int:
    """Run everything and write the result; end with status 1 if a test against published numbers failed."""
    named = os.environ.get("ISOFLOP_DATA", "")
    if not Path(named).is_dir() or not named:
        raise FileError("ISOFLOP_DATA does not name the folder with the published tables. Set it and run this again.")
    counted = contracts()
    golden, outcomes = collect()
    result = {
        "golden": golden,
        "golden_outcomes": dict(outcomes),
        "contracts": counted,
        "backtests": backtests(Path(named)),
        "checks": compared(Path(named)),
        "versions": {"isoflop": version("isoflop"), "numpy": version("numpy"), "python": platform.python_version()},
    }
    RESULT.write_text(json.dumps(result, indent=1, default=float) + "\n", encoding="utf-8")
    print(f"{RESULT}: {len(golden)} laws with golden tests, {len(result['checks'])} numbers compared")
    return int(outcomes["failed"] > 0)


if __name__ == "__main__":
    sys.exit(main())

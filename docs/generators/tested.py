"""What docs/results/catalogue.json, written by `python -m experiments.catalogue`, says of each law."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from docs.generators.tree import ROOT

from isoflop import laws

RESULT = ROOT / "docs" / "results" / "catalogue.json"


@dataclass(frozen=True)
class Tested:
    """The tests and back-tests of one law.

    Args:
        law: its name.
        golden: file → how many of its tests against published numbers passed with this law at work.
        contracts: how many contract tests it has.
        backtests: rows of the experiment.
    """

    law: str
    golden: Mapping[str, int]
    contracts: int
    backtests: tuple[Mapping[str, Any], ...]

    @property
    def tests(self) -> tuple[str, str]:
        """How many tests hold it to published numbers, and to the contracts."""
        golden = f"{sum(self.golden.values())}: {_files(self.golden)}" if self.golden else _none(self.law)
        return golden, f"{self.contracts}" if self.contracts else "those of its family's laws"

    @property
    def rows(self) -> list[tuple[str, str, str, str, str]]:
        """Its rows in the table of the catalogue: tests, contracts, data, error, error beside it."""
        if not self.backtests:
            return [(*self.tests, "no table fitted here", "", "")]
        found = []
        for k, row in enumerate(self.backtests):
            beside = f"{_percent(row['beside_error'])}, {row['beside']}" if row["beside"] else "the simplest itself"
            data = f"{row['table']}: {row['fitted']:,} and {row['predicted']:,} runs"
            error = _percent(row["error"]) + _uncertified(row)
            golden, contracts = ("", "") if k else self.tests
            found.append((golden, contracts, data, error, beside))
        return found

    @property
    def sentences(self) -> str:
        """The same for the law's own page."""
        lines = [f"- Tests against published numbers: {self.tests[0]}.", f"- Contract tests: {self.contracts}."]
        for row in self.backtests:
            beside = f", beside {_percent(row['beside_error'])} of {row['beside']}" if row["beside"] else ""
            lines.append(
                f"- Back-test on `{row['table']}` ({_lowered(row['held_out'])}): {row['fitted']:,} runs fitted, mean "
                f"error {_percent(row['error'])}{_uncertified(row)} on the {row['predicted']:,} held out{beside}."
            )
        return "\n".join([*lines, "", "What these words mean: [the catalogue, tested](../catalogue.md)."])


def result() -> dict[str, Any]:
    """Return what the experiment wrote."""
    found: dict[str, Any] = json.loads(RESULT.read_text("utf-8"))
    return found


def tested() -> dict[str, Tested]:
    """Return what is known of every law, also of those that are built for a table."""
    found = result()
    names = dict.fromkeys((*laws.names(), *found["golden"], *(row["law"] for row in found["backtests"])))
    return {
        name: Tested(
            name,
            {file: sum(tests.values()) for file, tests in found["golden"].get(name, {}).items()},
            found["contracts"].get(name, 0),
            tuple(row for row in found["backtests"] if row["law"] == name),
        )
        for name in names
    }


def _files(golden: Mapping[str, int]) -> str:
    """Name the files, the first three where they are many."""
    ranked = sorted(golden.items(), key=lambda item: -item[1])
    names = [file.rpartition("/")[2].removeprefix("test_").removesuffix(".py") for file, _ in ranked]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _none(name: str) -> str:
    """Say why there is no test against published numbers."""
    published = name in laws.names() and laws.get(name).published
    return "0: no number of the source is of this form" if published else "0: nothing printed was found"


def _percent(share: float) -> str:
    """Return an error in percent."""
    return f"{100 * share:.0f} %" if share > 1 else f"{100 * share:.2g} %"


def _uncertified(row: Mapping[str, Any]) -> str:
    """Say how many of the fits are not certified."""
    if row["certified"] == row["fits"]:
        return ""
    return " (not certified)" if row["fits"] == 1 else f" ({row['certified']} of {row['fits']} fits certified)"


def _lowered(sentence: str) -> str:
    """Return a sentence as it stands in brackets."""
    return sentence.rstrip(".")[0].lower() + sentence.rstrip(".")[1:]

"""Every key of every --json output is documented, and every documented key is there."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Isoflop
from typer.main import get_command

from isoflop.cli import app
from isoflop.cli.keys import KEYS

CALLS = {
    "laws": "laws",
    "show": "show chinchilla",
    "check": "check {runs}",
    "fit": "fit {runs} --law chinchilla --bootstrap 5 --fix E=1.69 --prior alpha=0.34,0.1",
    "predict": "predict {fit} --params 1e9 --tokens 2e10",
    "backtest": "backtest {runs} --law power-flops-floor --bootstrap 10 --hold-out 2",
    "compare": "compare {runs} --law power-flops-floor --law power-flops --bootstrap 10 --flops 1e22",
    "multiverse": "multiverse {runs} --law chinchilla --flops 1e22 --objective log-ls",
    "report": "report {runs} --law chinchilla --bootstrap 20 --flops 1e21 -o {folder}/report.html",
    "plan": "plan {fit} --params 1e9 --tokens 1e9",
    "plan-within": (
        "plan-within {fit} --choose params --choose tokens --choose devices=64|128 --limit money<=$1M --limit "
        "loss<=3 --set price=$2/h --device H100 --limit time<=900days"
    ),
    "cost": "cost --params 7B --tokens 1e12 --serve 1e13 --grid 400g/kWh",
    "recipes": "recipes {recipes} --law chinchilla --flops 1e21 --bootstrap 20",
    "curves": "curves {curves} --map checkpoint_step=step --by run --warmup 200 --bootstrap 10",
    "samples": "samples {samples} --where model='small' --bootstrap 100",
    "budget": "budget {samples} --prices {prices} --by model --bins 2 --bootstrap 100",
    "next": "next {fit} --params 1e10 --tokens 2e11 --budget 1e21 --most 4",
    "data list": "data list",
}

PRICES = """
[models.small]
params = 1e9
tokens = 500
input_tokens = 100
device = "H100"
training = 1e5
[models.large]
params = 8e9
tokens = 500
input_tokens = 100
device = "H100"
training = 1e6
"""

KEPT = {
    "fit": (
        "law formula rows level objective.name objective.value parameters.NAME.value parameters.NAME.interval "
        "certificate.verdict certificate.reasons data.sha256"
    ),
    "predict": "RESPONSE.value RESPONSE.interval",
    "plan": (
        "params.value params.interval tokens.value tokens.interval tokens_per_param.value tokens_per_param.interval "
        "loss.value loss.interval"
    ),
    "backtest": "splits[].cut mean_abs_rel_error mean_signed_rel_error coverage inflation",
}


def leaves(value: Any, path: str = "") -> Iterator[str]:
    """Yield the path of everything that is no object: lists of objects as `[]`, empty ones end a path."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        for item in value:
            yield from leaves(item, f"{path}[]")
    else:
        yield path


def pattern(path: str) -> str:
    """Turn a documented path into a pattern: words in capitals stand for any name."""
    return re.sub(r"\b[A-Z]{2,}\b", r".+?", re.escape(path))


def beginnings(path: str) -> list[str]:
    """Give every beginning of a path, itself included: where an empty list or object may end it."""
    parts = re.split(r"(?=\.)|(?=\[\])", path)
    return ["".join(parts[: k + 1]) for k in range(len(parts))]


@pytest.mark.parametrize("command", CALLS)
def test_keys_are_documented_and_there(
    isoflop: Isoflop,
    runs: Path,
    recipe_runs: Path,
    curve_log: Path,
    samples_file: Path,
    fit_file: Path,
    tmp_path: Path,
    command: str,
) -> None:
    files = {"runs": runs, "recipes": recipe_runs, "curves": curve_log, "fit": fit_file, "folder": tmp_path}
    files["samples"] = samples_file
    files["prices"] = tmp_path / "prices.toml"
    files["prices"].write_text(PRICES, "utf-8")
    words = [word.format(**files) for word in CALLS[command].split()]
    found = set(leaves(isoflop(*words, "--json").json))
    known = {pattern(path) for key in KEYS[command] for path in beginnings(key.path)}
    assert [path for path in sorted(found) if not any(re.fullmatch(k, path) for k in known)] == []
    absent = [
        key.path
        for key in KEYS[command]
        if not any(re.fullmatch(pattern(path), leaf) for path in beginnings(key.path) for leaf in found)
    ]
    assert absent == []


@pytest.mark.parametrize("command", KEPT)
def test_keys_that_must_stay_are_documented(command: str) -> None:
    assert set(KEPT[command].split()) <= {key.path for key in KEYS[command]}


def test_every_command_with_json_has_its_keys_listed() -> None:
    listed = set()
    for words, command in commands(get_command(app), []):
        if any("--json" in parameter.opts for parameter in command.params):
            listed.add(" ".join(words))
    assert listed == set(KEYS)
    assert listed - set(CALLS) <= {"ladder run", "demo", "data fetch"}


def commands(group: Any, words: list[str]) -> Iterator[tuple[list[str], Any]]:
    """Yield (words, command) of every command."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, [*words, name])
        else:
            yield [*words, name], command

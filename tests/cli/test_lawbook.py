"""laws, show and check: what is listed, shown and found."""

from pathlib import Path

import numpy as np
import pytest
from tests.cli.conftest import Isoflop, chinchilla_rows, write_csv
from tests.contracts.designs import DESIGNS

import isoflop as iso
from isoflop import laws
from isoflop.cli.law_example import places


def test_laws_lists_every_law_on_a_line_of_its_own(isoflop: Isoflop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS")
    lines = isoflop("laws").out.splitlines()[1:]
    listed = [line.split()[0] for line in lines if line.startswith("  ")]
    assert listed == list(laws.names())
    assert [law["name"] for law in isoflop("laws", "--json").json["laws"]] == listed


def test_laws_lists_by_family_and_names_each_family_once(isoflop: Isoflop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS")
    shown: dict[str, list[str]] = {}
    for line in isoflop("laws").out.splitlines()[1:]:
        if line.startswith("  "):
            shown[family].append(line.split()[0])  # noqa: F821 - the first line is a family
        else:
            family = line
            assert family not in shown
            shown[family] = []
    assert all(laws.get(name).family == family for family, names in shown.items() for name in names)
    assert next(iter(shown)) == "pretraining"


def test_tables_keep_to_the_width_that_is_asked_for(isoflop: Isoflop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert max(map(len, isoflop("laws").out.splitlines())) <= 60


@pytest.mark.parametrize("name", laws.names())
def test_show_tells_the_formula_the_parameters_and_the_source(isoflop: Isoflop, name: str) -> None:
    law = laws.get(name)
    shown, found = isoflop("show", name).out, isoflop("show", name, "--json").json
    for text in (law.formula, law.latex, *law.parameter_names, *law.columns, str(law.source), found["example"]):
        assert text in shown
    for published in law.published:
        assert published.name in shown
        assert published.where in shown
    assert list(found["parameters"]) == list(law.parameter_names)
    assert [p["values"] for p in found["published"]] == [dict(p.values) for p in law.published]


@pytest.mark.parametrize("name", laws.names())
def test_the_example_of_show_runs(isoflop: Isoflop, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    law = laws.get(name)
    lines = isoflop("show", name).out.splitlines()
    line, result = lines[-2].strip(), lines[-1].strip()
    assert line == isoflop("show", name, "--json").json["example"]
    if line.startswith("law = "):
        assert law.outside(places(law)) == ""
        space: dict[str, object] = {"iso": iso}
        statement, expression = line.split("; ")
        exec(statement, space)
        value = float(eval(expression, space))
        assert np.isfinite(value)
        assert result.startswith(f"{value:.5g} {law.unit}")
        return
    assert not law.published
    assert result == f"runs.csv: one row a run, columns {', '.join((*law.columns, law.response))}"
    (design,) = (each for each in DESIGNS if each.law == name)
    monkeypatch.chdir(tmp_path)
    write_csv(tmp_path / "runs.csv", design.runs())
    ended = isoflop(*line.split()[1:], "--bootstrap", "0", "--objective", design.objective, "--json")
    assert ended.status == 0, ended.err
    assert list(ended.json["parameters"]) == list(law.parameter_names)


def test_show_explains_a_formula_of_the_user(isoflop: Isoflop) -> None:
    found = isoflop("show", "E + A/C^a", "--json").json
    assert found["columns"] == ["flops"]
    assert found["linear"] == ["E", "A"]
    assert found["source"] is None


@pytest.mark.parametrize("name", ["chinchilla", "scalerl", "densing", "moe-sparsity", "ensemble"])
def test_show_prints_published_sets_or_says_that_there_are_none(isoflop: Isoflop, name: str) -> None:
    out, law = isoflop("show", name).out, laws.get(name)
    for published in law.published:
        assert f"published as {published.name} (" in out
    assert ("published: none;" in out) == (not law.published)


def test_show_of_a_function_says_what_it_is_linear_in(isoflop: Isoflop) -> None:
    assert "linear in: L0, A, B\n" in isoflop("show", "multi-power").out
    assert "published: none" not in isoflop("show", "E + A/C^a").out


def test_check_of_a_good_table(isoflop: Isoflop, runs: Path) -> None:
    ended = isoflop("check", runs, "--law", "chinchilla")
    assert ended.status == 0
    assert ended.out.splitlines()[-1] == "25 of 25 runs usable, 0 error(s), 0 warning(s): a fit is possible"


def test_check_names_rows_and_the_next_step(isoflop: Isoflop, tmp_path: Path) -> None:
    rows = {name: values.tolist() for name, values in chinchilla_rows().items()}
    rows["loss"][3] = -1
    table = write_csv(tmp_path / "runs.csv", rows)
    found = isoflop("check", table, "--json").json
    (finding,) = [f for f in found["findings"] if f["code"] == "non_positive"]
    assert finding["rows"] == [4]
    assert finding["column"] == "loss"
    assert finding["next_step"]
    assert found["usable"] == 24
    plain, strict = isoflop("check", table), isoflop("check", table, "--strict")
    assert (plain.status, strict.status) == (0, 1)
    assert "warning: loss is not positive in row 4" in plain.out


def test_check_knows_what_a_law_needs(isoflop: Isoflop, runs: Path) -> None:
    ended = isoflop("check", runs, "--law", "kaplan-steps")
    assert ended.status == 1
    assert "error: The table has no column 'steps'" in ended.out
    assert "no fit is possible" in ended.out


def test_check_takes_filter_mapping_and_response(isoflop: Isoflop, tmp_path: Path) -> None:
    rows = chinchilla_rows()
    table = write_csv(tmp_path / "runs.csv", {"a": rows["N"], "D": rows["D"], "c4": rows["loss"]})
    found = isoflop("check", table, "--map", "N=a", "--response", "c4", "--where", "D > 5e9", "--json").json
    assert found["ok"]
    assert found["data"]["mapping"]["params"] == "a"
    assert found["data"]["where"] == "D > 5e9"
    assert 0 < found["rows"] < 25

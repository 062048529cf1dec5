import base64
import hashlib
import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from tests.figures.support import rows_with, said
from tests.report.support import elements_of, text_of

import isoflop as iso
from isoflop import figures, laws
from isoflop.errors import FileError, FitError
from isoflop.figures.place import best_params
from isoflop.fit import fit_law
from isoflop.fit.storage import write_text
from isoflop.plan import plan
from isoflop.plan.profiles.isoflops import isoflop_profiles
from isoflop.report import render_report, write_report
from isoflop.report.about_forecast import forecast_section
from isoflop.report.about_isoflop import isoflop_section
from isoflop.report.about_runs import data_section
from isoflop.report.drawings import compact
from isoflop.report.formula import formula_of
from isoflop.report.top import headline
from isoflop.runs import RunTable, read_runs
from isoflop.runs.check import check
from isoflop.uncertainty.bootstrap import bootstrap
from isoflop.validate import backtest, with_backtest
from isoflop.validate.compare import compare
from isoflop.validate.multiverse import multiverse

COMMAND = "isoflop report runs.csv --law chinchilla --where 'loss < 5' -o report.html"
MEGABYTE = 1_000_000
SECTIONS = (
    "data", "certificate", "parameters", "fit", "isoflop", "backtest", "laws", "choices", "forecast", "plan",
    "leaves-out", "reproduce",
)  # fmt: skip


def grid(noise: float = 0.005) -> RunTable:
    """Return 30 runs, 6 sizes at each of 5 budgets."""
    law = laws.get("chinchilla")
    flops, shift = (g.ravel() for g in np.meshgrid([1e18, 3e18, 1e19, 3e19, 1e20], np.linspace(-1, 1, 6)))
    params = 0.09 * flops**0.5 * 5**shift
    tokens = flops / (6 * params)
    loss = law.predict(law.published_set("epoch-2024").values, params=params, tokens=tokens)
    scatter = np.random.default_rng(3).standard_normal(30)
    return RunTable.from_columns({"params": params, "tokens": tokens, "loss": loss * np.exp(noise * scatter)})


def fit_with_draws(law, runs, **settings):
    return bootstrap(fit_law(law, runs, **settings), runs, draws=40, rng=np.random.default_rng(1))


@pytest.mark.parametrize(
    ("far", "words"),
    [
        ({}, ", within the range of the runs."),
        ({"params": 0.01}, ", within the range of the runs."),
        ({"flops": 2.0, "params": 1.1, "tokens": 0.9}, ", outside the runs by 2.0 decades of compute."),
        ({"flops": 1.0, "tokens": 1.7}, ", outside the runs by 1.0 decades of compute and 1.7 decades of tokens."),
        ({"params": 0.6, "tokens": 1.7}, ", outside the runs by 0.6 decades of params and 1.7 decades of tokens."),
    ],
)
def test_the_headline_says_how_far_a_plan_lies_from_the_runs_in_every_column(fitted, far, words):
    made = replace(plan(fitted, flops=3e19), distance_decades=far)
    assert headline(fitted, made, None)[0].text.endswith(f"(90% intervals){words}")


def test_a_plan_inside_the_compute_of_the_runs_may_lie_outside_their_tokens():
    params = np.geomspace(1e7, 1e10, 20)
    law = laws.get("chinchilla")
    loss = law.predict(law.published_set("epoch-2024").values, params=params, tokens=20 * params)
    noise = np.exp(0.003 * np.random.default_rng(0).standard_normal(20))
    runs = RunTable.from_columns({"params": params, "tokens": 20 * params, "loss": loss * noise})
    fit = fit_with_draws(law, runs)
    made = plan(fit, params=2e8, tokens=1e13)
    assert "flops" not in made.distance_decades
    assert headline(fit, made, None)[0].text.endswith("outside the runs by 1.7 decades of tokens.")


@pytest.fixture(scope="module")
def runs():
    return grid()


@pytest.fixture(scope="module")
def fitted(runs):
    found = fit_with_draws(laws.get("chinchilla"), runs)
    return replace(found, settings={**found.settings, "seed": 4711})


@pytest.fixture(scope="module")
def page(fitted, runs):
    rng = np.random.default_rng(2)
    tested = backtest(fitted.law, runs, rng=rng, hold_out=2, bootstrap=20)
    other = laws.from_text("E + K/C^a", name="compute only")
    return render_report(
        with_backtest(fitted, tested),
        runs,
        command=COMMAND,
        backtest=tested,
        comparison=compare([fitted.law, other], runs, rng=rng, bootstrap=20, target={"params": 1e10, "tokens": 2e11}),
        multiverse=multiverse([fitted.law], runs, flops=1e21),
        profiles=isoflop_profiles(runs, draws=20),
        plan=plan(fitted, flops=1e21),
    )


def test_every_section_is_there_and_linked(page):
    found = elements_of(page)
    assert tuple(names["id"] for tag, names in found if tag == "section") == SECTIONS
    assert [names["href"] for tag, names in found if tag == "a"] == [f"#{key}" for key in SECTIONS]


def test_every_figure_has_a_picture_and_a_specification(page):
    found = elements_of(page)
    figures = [tag for tag, _ in found].count("figure")
    specs = {names["id"] for tag, names in found if tag == "script" and "id" in names}
    assert figures == 14
    assert len(specs) == figures
    assert {names["data-spec"] for _, names in found if "data-spec" in names} == specs
    pictures = [names for tag, names in found if tag == "img"]
    assert len(pictures) == figures
    for names in pictures:
        kind, _, content = names["src"].partition(",")
        assert kind == "data:image/svg+xml;base64"
        assert b"NaN" not in base64.b64decode(content)
        assert len(names["alt"]) > 20


def test_it_is_small_and_loads_nothing(page):
    assert len(page.encode()) < 3 * MEGABYTE
    links = {"src", "href", "action", "data", "poster", "srcset"}
    addresses = [v for tag, names in elements_of(page) for name, v in names.items() if name in links]
    assert all(address.startswith(("#", "data:image/svg+xml;base64,")) for address in addresses)
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    assert "@import" not in style.group(1)
    assert "url(" not in style.group(1)


def test_only_its_own_script_may_run(page):
    policy = next(names["content"] for tag, names in elements_of(page) if names.get("http-equiv"))
    script = re.search(r'<script type="module">(.*?)</script>', page, re.DOTALL)
    assert script is not None
    digest = base64.b64encode(hashlib.sha256(script.group(1).encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe-eval" not in policy


def test_numbers_are_those_of_the_fit(page, fitted):
    text = text_of(page)
    chosen = plan(fitted, flops=1e21)
    assert f"train {float(chosen.params.value) / 1e9:.2f}B [" in text
    assert f"{fitted.parameters['beta']:.6g}" in text
    low, high = fitted.interval("beta")
    assert f"{low:.4g} to {high:.4g}" in text
    assert "2085" in text  # B of epoch-2024, for comparison
    for one in fitted.certificate.checks:
        assert one.name in text


def test_it_says_how_to_make_it_again(page, fitted):
    text = text_of(page)
    assert COMMAND in text
    assert fitted.data.sha256 in text
    assert "Seed 4711" in text
    for name, version in fitted.versions.items():
        assert f"{name} {version}" in text


def test_it_says_what_intervals_leave_out(page, fitted):
    text = text_of(page)
    assert "That the law itself may be wrong beyond the data" in text
    assert "The extra error that a back-test would show" in text or "what the back-test showed" in text


@pytest.fixture(scope="module")
def bare(fitted, runs):
    """Return the report of a fit alone."""
    return render_report(fitted, runs)


def test_the_same_inputs_give_the_same_bytes(bare, fitted, runs, tmp_path):
    path = write_report(tmp_path / "report.html", fitted, runs)
    assert path.read_text("utf-8") == bare
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]
    with pytest.raises(FileError, match="folder that exists"):
        write_text(tmp_path / "nowhere" / "report.html", bare)


def test_what_was_not_asked_for_is_said(bare):
    text = text_of(bare)
    assert "No back-test was made" in text
    assert "No plan was asked for" in text


def test_a_law_without_sizes_says_what_it_cannot_show(runs):
    fit = fit_with_draws(laws.from_text("E + K/C^a"), runs)
    isoflop = isoflop_section(fit, runs, None)
    assert [block.kind for block in isoflop.blocks] == ["text"]
    assert "isoFLOP curves need one of params and tokens" in isoflop.blocks[0].text
    forecast = forecast_section(fit, runs, None, None)
    assert [block.kind for block in forecast.blocks] == ["drawing", "table"]
    assert forecast.blocks[1].rows[1][1] == "1e21"


def test_a_law_with_a_value_per_level_has_a_report(runs):
    columns = {word: np.concatenate([runs.column(word)] * 2) for word in ("params", "tokens")}
    loss = np.concatenate([runs.column("loss"), 1.03 * runs.column("loss")])
    both = RunTable.from_columns({**columns, "loss": loss, "recipe": ["old"] * 30 + ["<b>new"] * 30})
    fit = fit_law(laws.from_text("E + A[recipe]/N^alpha + B/D^beta"), both)
    page = render_report(fit, both)
    assert "A[recipe=&lt;b&gt;new]" in page
    assert "needs params, tokens, recipe" in text_of(page)


def levels_and_repeats() -> RunTable:
    """Thirty runs of each of two recipes; the second is 3 % worse and has the largest run."""
    one = grid()
    params, tokens = (np.concatenate([one.column(w), 1.01 * one.column(w)]) for w in ("params", "tokens"))
    loss = np.concatenate([one.column("loss"), 1.03 * one.column("loss")])
    return RunTable.from_columns(
        {"params": params, "tokens": tokens, "loss": loss, "recipe": ["old"] * 30 + ["new"] * 30,
         "unique_tokens": tokens / np.tile([1.0, 2.0], 30)}
    )  # fmt: skip


def test_a_level_has_its_own_isoflop_curves_and_forecast():
    runs = levels_and_repeats()
    fit = fit_with_draws(laws.from_text("E + A[recipe]/N^alpha + B/D^beta"), runs)
    old, new = (figures.isoflop_figure(fit, runs, at={"recipe": name}) for name in ("old", "new"))
    drawn = [[row["row"] for row in rows_with(chart, "row")] for chart in (old, new)]
    assert max(drawn[0]) <= 30 < min(drawn[1])
    assert "recipe = old" in said(old)
    ahead = rows_with(figures.forecast_figure(fit, runs, at={"recipe": "new"}, target=1e22), "new_low")
    best = float(best_params(fit, fit.theta, ahead[-1]["x"], {"recipe": "new"}))
    expected = fit.evaluate(params=best, tokens=ahead[-1]["x"] / 6 / best, recipe="new")[0]
    assert ahead[-1]["y"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("law", "at", "held"),
    [
        ("E + A[recipe]/N^alpha + B/D^beta", None, "recipe = new"),
        ("E + A[recipe]/N^alpha + B/D^beta", {"recipe": "old"}, "recipe = old"),
        ("E + A/N^alpha + B/D^beta + F/U^phi", {"unique_tokens": "5B"}, "unique_tokens = 5.00B"),
    ],
)
def test_a_report_looks_at_one_place_of_further_columns(tmp_path, law, at, held):
    iso.report(law, levels_and_repeats(), tmp_path / "page.html", at=at, bootstrap=20, hold_out=1, device="")
    text = text_of((tmp_path / "page.html").read_text("utf-8"))
    assert f"Forecast and plan are at {held}" in text
    assert "Tokens per parameter D/N" in text
    assert "no single line" not in text


def test_a_place_that_the_law_does_not_have_is_refused(tmp_path):
    with pytest.raises(iso.InputError, match="no further column to set, not colour"):
        iso.report("chinchilla", grid(), tmp_path / "page.html", at={"colour": "red"}, bootstrap=10)


def test_a_fit_that_must_not_be_trusted_says_so_at_the_top():
    size = np.geomspace(1e7, 1e10, 12)
    loss = 1.8 + 480 / size**0.35 + 2000 / (20 * size) ** 0.37
    fit = fit_law(laws.get("chinchilla"), RunTable.from_columns({"N": size, "D": 20 * size, "loss": loss}))
    boxes = headline(fit, None, None)
    assert fit.certificate.verdict != "certified"
    assert any("collinear" in box.text for box in boxes if box.kind == "text" and box.tone in {"warning", "bad"})


def test_rows_left_out_are_listed_with_their_reason(fitted):
    columns = {word: grid().column(word).copy() for word in ("params", "tokens", "loss")}
    columns["loss"][[3, 4, 5, 9]] = np.nan
    table = RunTable.from_columns(columns)
    section = data_section(fit_law(fitted.law, table), table, check(table))
    listed = [block for block in section.blocks if block.kind == "table" and block.head[0] == "reason"]
    assert [tuple(row) for row in listed[0].rows] == [("loss is missing", "4", "4–6, 10")]


HOSTILE = "</script><img src=x onerror=alert(1)>"


def test_text_from_files_is_shown_and_never_run(tmp_path):
    good = grid()
    columns = {word: good.column(word) for word in ("params", "tokens")}
    table = RunTable.from_columns({**columns, HOSTILE: good.column("loss"), "recipe": [HOSTILE, "b"] * 15})
    fit = fit_law(laws.from_text("E + A/N^alpha + B/D^beta", name=HOSTILE), table, response=HOSTILE)
    fit = replace(fit, data=replace(fit.data, file=f"{HOSTILE}.csv", where=HOSTILE, notes=(HOSTILE,)))
    page = render_report(fit, table, command=f"isoflop report '{HOSTILE}'", title=HOSTILE)
    found = elements_of(page)
    assert not [names for tag, names in found if tag == "img" and names["src"] == "x"]
    assert not [name for _, names in found for name in names if name.startswith("on")]
    assert HOSTILE in text_of(page)
    assert page.count("</script>") == [tag for tag, _ in found].count("script")


def test_many_runs_stay_small(rng):
    law = laws.get("chinchilla")
    params = 10 ** rng.uniform(7, 10, 2000)
    tokens = params * 10 ** rng.uniform(0.5, 2.5, 2000)
    loss = law.predict(law.published_set("epoch-2024").values, params=params, tokens=tokens)
    table = RunTable.from_columns({"N": params, "D": tokens, "loss": loss * np.exp(0.005 * rng.standard_normal(2000))})
    fit = bootstrap(fit_law(law, table), table, draws=4, rng=rng)
    tested = backtest(law, table, rng=rng, hold_out=1, bootstrap=4)
    page = render_report(fit, table, backtest=tested, profiles=isoflop_profiles(table, draws=10))
    assert len(page.encode()) < 3 * MEGABYTE
    assert "600 of 2,000 runs are drawn" in text_of(page)


def test_other_runs_are_refused(fitted):
    with pytest.raises(FitError, match="not the ones"):
        render_report(fitted, grid(noise=0.02))


@pytest.mark.parametrize("name", laws.names())
def test_every_law_has_mathml_that_parses(name):
    shown = formula_of(laws.get(name), "loss")
    tree = ElementTree.fromstring(shown.mathml)
    assert tree.tag == "math"
    assert tree[0][0].text == "L"


def test_indexed_parameters_carry_their_column():
    shown = formula_of(laws.from_text("E + A[recipe]/N^alpha"), "loss")
    assert "<msub><mi>A</mi><mtext>recipe</mtext></msub>" in shown.mathml


def test_circles_are_short():
    path = (
        '<path transform="translate(1.2345,6.789)" d="M2.73,0A2.73,2.73,0,1,1,-2.73,0" fill="#0072b2" stroke-width="2"'
    )
    assert len(compact(f'{path} opacity="0.75"/>')) < 70


def test_the_digitised_chinchilla_runs(data_directory):
    table = read_runs(data_directory / "chinchilla_epoch.csv", where="outlier=0")
    fit = bootstrap(
        fit_law(laws.get("chinchilla"), table, objective="log-huber:1e-3"), table, draws=40,
        rng=np.random.default_rng(0),
    )  # fmt: skip
    page = render_report(fit, table, plan=plan(fit, flops=5.76e23), command=COMMAND)
    text = text_of(page)
    assert len(page.encode()) < 2 * MEGABYTE
    assert "240 of 245 rows read" in text
    # Besiroglu et al. 2024: E 1.8172, A 477.8, B 2143, alpha .34731, beta .36717.
    for value in ("1.81722", "477.826", "0.34731", "2143.42", "0.367172"):
        assert value in text
    assert table.provenance.sha256 in text

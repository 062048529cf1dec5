"""From files to menus and reports."""

from dataclasses import replace

import numpy as np
import pytest
from tests.testtime.sample_files import write_prices, write_samples

from isoflop.errors import InputError, TableError
from isoflop.testtime.budgets.build import Asked, build
from isoflop.testtime.budgets.file import ModelEntry, read_prices
from isoflop.testtime.budgets.report import CHECKER, FORECAST, LOOKED, TOLD, report_budget
from isoflop.testtime.reading.read import read_samples

ASKED = Asked(draws=200)


@pytest.fixture
def both(tmp_path):
    """Return the file of samples and the models."""
    return write_samples(tmp_path / "samples.csv"), read_prices(write_prices(tmp_path / "prices.toml"))


def made(both, asked=ASKED, models=None, **choices):
    return build(models or both[1], both[0], asked, {"by": ["model"], **choices}, rng=np.random.default_rng(0))


def write_counts(path):
    path.write_text("model,task_id,n,c\na,p,8,3\na,q,8,0\nb,p,8,8\nb,q,8,1\n", "utf-8")
    return path


def test_routes_are_those_of_the_samples(both):
    found = made(both).menu
    assert [route.name for route in found.routes] == [
        f"{model} · {rule}" for model in ("small", "large")
        for rule in ("single", "majority", "adaptive", "best-of-k", "weighted")
    ]  # fmt: skip
    table = read_samples(both[0], where="model = 'small'")
    assert len(found.problems) == 40
    single = found.routes[0]
    assert single.accuracy[:, 0] == pytest.approx(table.counts().rates)
    tokens = np.add.reduceat(table.column("tokens"), table.starts[:-1]) / 12
    assert single.cost[:, 0] == pytest.approx((200 * 0.05 + tokens * 0.2) / 1e6)


def test_problems_that_not_all_models_have_are_left_out_and_named(both):
    found = made(both, where="not (model = 'large' and task_id in ('q3', 'q7'))")
    assert len(found.menu.problems) == 38
    assert not {"q3", "q7"} & set(found.menu.problems)
    assert found.warnings[0].startswith("small: 2 of 40 problems")
    with pytest.raises(TableError, match="no problem in common"):
        made(both, where="(model = 'small') = (task_id in ('q1', 'q2'))")


def test_counts_do_where_no_samples_are_needed(tmp_path):
    path = write_counts(tmp_path / "counts.csv")
    models = [ModelEntry("a", price_sample=1.0), ModelEntry("b", price_sample=5.0, rules=("retry",))]
    found = made((path, models)).menu
    assert [route.name for route in found.routes] == ["a · single", "a · pass@k", "b · retry"]
    assert set(found.routes[2].cost[0].tolist()) == {5.0}
    with pytest.raises(InputError, match="a: majority needs"):
        made((path, models), Asked(("majority",)))


def test_a_probe_takes_samples_of_the_first_model(both):
    found = made(both, Asked(draws=200, probe=4))
    assert found.menu.routes[1].ks[-1] == 8
    assert set(np.round(found.ease * 4) - found.ease * 4) == {0.0}
    assert found.probe_cost.mean() == pytest.approx(4 * found.menu.routes[0].cost.mean(), rel=0.05)


def test_difficulty_may_be_told_without_a_checker(both):
    told = report_budget(made(both), bins=4)
    assert TOLD in told.warnings
    for ease in ("score", "agreement"):
        found = report_budget(made(both, Asked(draws=200, ease=ease)), bins=4)
        assert TOLD not in found.warnings
    with pytest.raises(InputError, match="needs samples"):
        build(
            [ModelEntry("a", price_sample=1.0, file=write_counts(both[0].parent / "counts.csv"), where="model = 'a'")],
            None, Asked(ease="score"), {}, rng=np.random.default_rng(0),
        )  # fmt: skip


def test_models_that_nothing_selects(both):
    with pytest.raises(InputError, match="Nothing says which samples are small's"):
        build(both[1], both[0], ASKED, {}, rng=np.random.default_rng(0))
    with pytest.raises(InputError, match="small: there are no samples"):
        build(both[1], None, ASKED, {}, rng=np.random.default_rng(0))


def test_another_verifier_is_another_model_of_the_file(both):
    """One model under two verifiers: the same part, another column for the score."""
    text = both[0].read_text("utf-8").splitlines()
    rows = [f"{line},{(place * 7919) % 101}" for place, line in enumerate(text[1:])]
    both[0].write_text("\n".join([text[0] + ",coin", *rows]) + "\n", "utf-8")
    good = replace(both[1][0], rules=("best-of-k",), map={"score": "score"})
    coin = replace(good, name="small, by a coin", part="small", map={"score": "coin"})
    first, second = made(both, models=[good, coin]).menu.routes
    assert first.accuracy[:, 0] == pytest.approx(second.accuracy[:, 0])
    assert first.accuracy[:, -1].mean() > second.accuracy[:, -1].mean() + 0.05


def test_negative_scores_are_compared_but_no_weights(both):
    text = both[0].read_text("utf-8").splitlines()
    rows = [",".join([*(c := line.split(","))[:5], str(float(c[5]) - 7), *c[6:]]) for line in text[1:]]
    both[0].write_text("\n".join([text[0], *rows]) + "\n", "utf-8")
    assert {route.rule for route in made(both).menu.routes} == {"single", "majority", "adaptive", "best-of-k"}


def test_a_report_has_all_parts(both):
    found = report_budget(made(both), bins=4)
    assert [line.budget for line in found.lines] == sorted(line.budget for line in found.lines)
    assert all(line.best is not None and line.adaptive is not None for line in found.lines)
    assert {point.route for point in found.saturation} == {r.name for r in found.menu.routes if r.rule != "single"}
    (one,) = found.break_even
    assert (one.model, one.against.route.model, one.against.k) == ("small", "large", 1)
    assert one.questions is not None
    assert one.inference_share is None
    assert LOOKED in found.warnings
    assert CHECKER not in found.warnings


def test_what_must_be_said_is_said(both):
    oracle = report_budget(made(both, Asked(("pass@k",), beyond=5, draws=200)), bins=0)
    assert {CHECKER, FORECAST} <= set(oracle.warnings)
    assert all(line.adaptive is None for line in oracle.lines)
    probed = report_budget(made(both, Asked(("majority",), probe=4, draws=200)), budgets=[1e-5, 1.0], bins=3)
    assert LOOKED not in probed.warnings
    assert any("The probe alone costs" in text for text in probed.warnings)
    assert [line.adaptive is None for line in probed.lines] == [True, False]
    few = report_budget(made(both, Asked(("majority",), draws=200)), bins=20)
    assert any("too few for 20 bins" in text for text in few.warnings)


def test_sizes_and_lengths_say_what_pre_training_is_worth(both):
    sized = [replace(m, params=p, price_in=None, price_out=None) for m, p in zip(both[1], (1e9, 1e10), strict=True)]
    found = report_budget(made(both, models=sized), bins=0)
    (one,) = found.break_even
    assert found.menu.unit == "eFLOPs"
    assert one.inference_share is not None
    tokens = made(both, models=sized).tokens
    samples = one.cost.value / found.menu.routes[0].cost.mean()
    multiple = samples * tokens["small"] / tokens["large"]
    expected = 27 / (multiple - 10) if multiple > 10 else np.inf
    assert one.inference_share.value == pytest.approx(expected, rel=0.05)


def test_the_model_to_match_can_be_named(both):
    found = report_budget(made(both), against="small", bins=0)
    assert [(one.model, one.against.route.model) for one in found.break_even] == [("large", "small")]
    with pytest.raises(InputError, match="no model 'huge'"):
        report_budget(made(both), against="huge", bins=0)

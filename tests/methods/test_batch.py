"""Batch size: the hyperbola, trajectories at any batch, the noise scale, the rules for the learning rate."""

import numpy as np
import pytest

from isoflop import laws
from isoflop.errors import LawError
from isoflop.fit import fit_law
from isoflop.methods.batch import Tradeoff, critical_batch, least_steps, loss_at_batch, noise_scale, rescaled_lr
from isoflop.runs.table import RunTable


def test_the_hyperbola_holds_at_every_batch():
    trade = Tradeoff(3000.0, 4e5)
    batch = np.geomspace(1e3, 1e8, 20)
    steps, tokens = trade.steps(batch), trade.tokens(batch)
    np.testing.assert_allclose((steps / 3000 - 1) * (tokens / (3000 * 4e5) - 1), 1.0)
    np.testing.assert_allclose(tokens, steps * batch)
    np.testing.assert_allclose(trade.extra_tokens(batch), tokens / (3000 * 4e5))


def test_measured_steps_give_the_critical_batch(rng):
    trade = Tradeoff(3000.0, 4e5)
    batch = np.geomspace(2e4, 8e6, 12)
    steps = trade.steps(batch) * np.exp(rng.normal(0, 0.01, 12))
    fit = fit_law(laws.get("batch-steps"), RunTable.from_columns({"batch_tokens": batch, "steps": steps}))
    assert fit.certificate.ok
    assert fit.parameters["S_min"] == pytest.approx(3000, rel=0.05)
    assert fit.parameters["B_crit"] == pytest.approx(4e5, rel=0.05)


def test_the_chain_from_sweeps_to_the_law_of_the_critical_batch():
    # Step 2 of Su et al. 2024: one hyperbola per loss level, then ln B_crit on ln L.
    batch = np.geomspace(1e5, 3e7, 10)
    rows = []
    for loss in (4.0, 3.5, 3.0, 2.6):
        steps = Tradeoff(1e4 / loss, float(critical_batch(loss))).steps(batch)
        one = fit_law(laws.get("batch-steps"), RunTable.from_columns({"batch_tokens": batch, "steps": steps}))
        rows.append((loss, one.parameters["B_crit"]))
    levels = RunTable.from_columns({"loss": [r[0] for r in rows], "batch_tokens": [r[1] for r in rows]})
    fit = fit_law(laws.get("critical-batch"), levels, objective="log-ls")
    assert fit.parameters["alpha_B"] == pytest.approx(0.21, rel=1e-6)
    assert fit.parameters["B_star"] == pytest.approx(2e8, rel=1e-5)


def test_a_trajectory_solves_its_own_equation():
    steps = np.geomspace(5e3, 1e6, 30)
    loss = loss_at_batch(1e9, steps, 5e5)
    law = laws.get("kaplan-steps")
    least = least_steps(steps, 5e5, loss)
    np.testing.assert_allclose(law.predict(law.published_set().values, params=1e9, steps=least), loss, rtol=1e-12)
    assert np.all(np.diff(loss) < 0)


def test_a_larger_batch_is_never_worse_and_ends_at_the_endless_one():
    batch = np.geomspace(1e4, 1e12, 30)
    loss = loss_at_batch(1e9, 1e5, batch)
    assert np.all(np.diff(loss) < 0)
    law = laws.get("kaplan-steps")
    endless = law.predict(law.published_set().values, params=1e9, steps=1e5)
    assert loss[-1] == pytest.approx(float(endless), abs=1e-5)


@pytest.mark.parametrize("arguments", [(0.0, 1e5, 5e5), (1e9, -1.0, 5e5), (1e9, 1e5, 0.0)])
def test_sizes_must_be_positive(arguments):
    with pytest.raises(LawError, match="positive"):
        loss_at_batch(*arguments)


def test_losses_without_meaning_are_refused():
    with pytest.raises(LawError, match="outside 1 to 40"):
        loss_at_batch(1e30, 1e30, 1e30)
    with pytest.raises(LawError, match="outside 1 to 40"):
        loss_at_batch(1e3, 1e-3, 1.0)


def test_the_noise_scale_is_found_from_gradients(rng):
    # Gradients of 40 parameters with known noise: tr(Sigma)/|G|^2 = 40 * 0.25 / |G|^2.
    signal = rng.normal(0, 0.1, 40)
    squared = []
    for batch in (4, 64):
        drawn = signal + rng.normal(0, 0.5 / np.sqrt(batch), (20000, 40))
        squared.append(float(np.mean(np.sum(drawn**2, axis=1))))
    expected = 40 * 0.25 / np.sum(signal**2)
    assert noise_scale((squared[0], squared[1]), (4, 64)) == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize(("norms", "batches"), [((2.0, 1.0), (8, 8)), ((1.0, 2.0), (8, 64)), ((9.0, 0.5), (8, 64))])
def test_norms_without_signal_or_noise_are_refused(norms, batches):
    with pytest.raises(LawError, match="batch"):
        noise_scale(norms, batches)


def test_rules_meet_at_the_threshold_and_stop_there():
    batches = np.array([128.0, 256.0, 512.0, 4096.0])
    linear = rescaled_lr(0.1, 256, batches, rule="linear", threshold=512)
    np.testing.assert_allclose(linear, [0.05, 0.1, 0.2, 0.2])
    root = rescaled_lr(0.1, 256, batches, rule="sqrt")
    np.testing.assert_allclose(root, 0.1 * np.sqrt(batches / 256))
    # A rate tuned beyond the threshold already is the largest.
    assert rescaled_lr(0.2, 4096, 512.0, rule="linear", threshold=512) == pytest.approx(0.2)


def test_a_fit_tells_the_rule_of_the_optimiser(rng):
    batch = np.geomspace(32, 2048, 8)
    for power in (1.0, 0.5):
        lr = rescaled_lr(1e-3, 32, batch, rule="linear" if power == 1 else "sqrt") * np.exp(rng.normal(0, 0.02, 8))
        fit = fit_law(laws.get("lr-batch-power"), RunTable.from_columns({"batch_tokens": batch, "lr": lr}))
        assert fit.parameters["k"] == pytest.approx(power, abs=0.05)


def test_bad_rules_are_refused():
    with pytest.raises(LawError, match="no rule 'cube'"):
        rescaled_lr(0.1, 256, 512, rule="cube")
    with pytest.raises(LawError, match="positive"):
        rescaled_lr(0.1, 0, 512, rule="sqrt")


def test_what_is_not_positive_is_refused():
    with pytest.raises(LawError, match="losses above zero"):
        critical_batch([2.0, 0.0])
    with pytest.raises(LawError, match="positive steps and batch_tokens"):
        least_steps(1e5, 0.0, 2.5)
    with pytest.raises(LawError, match="are no trade-off"):
        Tradeoff(1e4, -5e5)

import math

import numpy as np
import pytest

from isoflop.errors import InputError
from isoflop.ladder.shape import Recipe, derive, shape_of

pytestmark = pytest.mark.usefixtures("one_thread")
RECIPE = Recipe(context=32, lr=0.02)


def run(corpus, *, seed=0, tokens=20_000, recipe=RECIPE):
    from isoflop.ladder.train import train

    derived = derive(16, tokens, recipe)
    return train(derived, recipe, corpus, seed=seed, held_out_windows=32, alive=lambda: None)


def test_the_future_does_not_change_the_past():
    import torch

    from isoflop.ladder.model import Decoder

    torch.manual_seed(1)
    model = Decoder(shape_of(32), 24)
    tokens = torch.randint(0, 256, (2, 24))
    changed = tokens.clone()
    changed[:, 12:] = (changed[:, 12:] + 1) % 256
    with torch.no_grad():
        before, after = model(tokens), model(changed)
    torch.testing.assert_close(before[:, :12], after[:, :12], rtol=0, atol=1e-5)
    assert (before[:, 12:] - after[:, 12:]).abs().max() > 0.01


def test_positions_are_seen_by_their_distance_only():
    import torch

    from isoflop.ladder.model import Decoder

    torch.manual_seed(1)
    model = Decoder(shape_of(16), 24).blocks[0]
    whole = Decoder(shape_of(16), 24)
    x = torch.randn(1, 8, 16)
    with torch.no_grad():
        early = model(x, whole.cos[:8], whole.sin[:8])
        late = model(x, whole.cos[9:17], whole.sin[9:17])
    torch.testing.assert_close(early, late, rtol=0, atol=1e-5)


def test_training_learns_the_text(corpus):
    outcome = run(corpus, tokens=60_000)
    assert outcome.curve[0].train_loss > 4.0
    assert outcome.loss < 2.0
    assert outcome.train_loss == outcome.curve[-1].train_loss
    assert 0 < outcome.evaluation_se < 0.1


def test_a_model_can_overfit_one_window():
    import torch

    from isoflop.ladder.model import Decoder
    from isoflop.ladder.train import _optimizer, _update

    torch.manual_seed(0)
    model = Decoder(shape_of(16), 32)
    optimizer = _optimizer(model, RECIPE)
    batch = torch.randint(0, 256, (1, 33))
    losses = [_update(model, optimizer, batch, 0.02, 1.0) for _ in range(150)]
    assert losses[0] > 5.0
    assert losses[-1] < 0.1


def test_same_seed_same_bits_other_seed_other_bits(corpus):
    first, second, other = run(corpus), run(corpus), run(corpus, seed=1)
    assert first.loss == second.loss
    assert first.curve == second.curve
    assert other.loss != first.loss


def test_the_curve_counts_steps_and_tokens(corpus):
    outcome = run(corpus)
    derived = derive(16, 20_000, RECIPE)
    steps = [point.step for point in outcome.curve]
    assert steps[-1] == outcome.steps == derived.updates
    assert steps == sorted(set(steps))
    assert all(point.tokens == point.step * derived.sequences * 32 for point in outcome.curve)
    assert outcome.curve[-1].tokens == outcome.tokens == derived.tokens


def test_no_window_is_read_twice(corpus):
    from isoflop.ladder.train import _batches

    text = np.arange(1000, dtype=np.uint16) // 4
    derived = derive(16, 900, Recipe(context=8))
    rows = np.concatenate([b.numpy() for b in _batches(text, derived, 8, np.random.default_rng(0))])
    starts = rows[:, 0]
    assert len(set(starts.tolist())) == len(starts) == derived.updates * derived.sequences
    assert (rows[:, -1] - rows[:, 0] == 2).all()


def test_a_horizon_longer_than_the_corpus_is_refused(corpus):
    with pytest.raises(InputError, match="Ask for fewer tokens"):
        run(corpus, tokens=10_000_000)


def test_a_diverged_run_has_no_loss(corpus):
    outcome = run(corpus, recipe=Recipe(context=32, lr=float("inf")))
    assert outcome.loss is None
    assert outcome.evaluation_se is None
    assert outcome.train_loss is None
    assert outcome.steps < derive(16, 20_000, RECIPE).updates


def test_the_standard_error_is_that_of_the_mean_over_windows():
    import torch

    from isoflop.ladder.train import evaluate

    class Uniform(torch.nn.Module):
        """Knows nothing, and knows it."""

        def forward(self, tokens):
            return torch.zeros(*tokens.shape, 256)

    text = np.random.default_rng(0).integers(0, 256, 4000).astype(np.uint8)
    loss, error = evaluate(Uniform(), text, 32, 50)
    assert loss == pytest.approx(math.log(256), rel=1e-6)
    assert error == pytest.approx(0.0, abs=1e-6)

"""Units that the header of a loss names."""

import pytest

from isoflop.runs.loss_units import loss_unit


@pytest.mark.parametrize(
    ("header", "unit"),
    [
        ("val_bpb", "bits/byte"),
        ("Bits per byte", "bits/byte"),
        ("bits_per_character", "bits/character"),
        ("loss_bpc", "bits/character"),
        ("loss (bits)", "bits/token"),
        ("nats", "nats/token"),
        ("val_ppl", "perplexity"),
        ("unigram_normalised_loss", "nats/token over the unigram loss"),
        ("loss", None),
        ("orbits_lost", None),
        ("loss_c4_val", None),
    ],
)
def test_header_names_a_unit(header: str, unit: str | None) -> None:
    assert loss_unit(header) == unit

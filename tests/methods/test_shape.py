"""Streams and visual tokens that cannot be."""

import pytest

from isoflop.errors import InputError
from isoflop.methods.shape import best_visual_tokens, stream_factor


@pytest.mark.parametrize("streams", [0.0, 0.5, -2.0])
def test_less_than_one_stream_is_refused(streams: float) -> None:
    assert float(stream_factor(1, 0.4)) == 1.0
    with pytest.raises(InputError, match="Give 1 or more"):
        stream_factor([4, streams], 0.4)


def test_where_tokens_beat_size_there_is_no_best_number() -> None:
    with pytest.raises(InputError, match="Keep all tokens"):
        best_visual_tokens(50, {"alpha": 0.0295, "beta": 0.0385})

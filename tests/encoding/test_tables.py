"""Tables of scores: the layer that is told for an electrode."""

import numpy as np

from brainalign.encoding.tables import _most_often


def test_a_layer_below_zero_is_a_layer():
    """-1 is a speech model's convolutions; of two that were chosen as often, the lower is told."""
    assert [_most_often(np.array(c)) for c in ([-1, -1, 4], [4, 4, -1], [4, -1], [3])] == [-1, 4, -1, 3]

"""When speech starts and when it is on: what any two predictions of a listening brain have in common."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from brainalign.data.frames.grid import FrameGrid
from brainalign.data.types import Stimulus
from brainalign.features.align import to_grid
from brainalign.features.base import Rows
from brainalign.linalg.lags import lag_matrix
from brainalign.study.paired_rows import inside_words


def onset_regressors(stimulus: Stimulus, grid: FrameGrid, lags: NDArray[np.int64]) -> NDArray[np.float64]:
    """Speech being on, the stimulus's first frame and the onsets of words, each at every lag within the stimulus.

    Args:
        stimulus: Where it has no words, speech is on from its start to its end and only its own onset is marked.
        grid: Its frames.
        lags: (m,) of the window, in frames.

    Returns:
        (T, 3 m); lag-major, columns speech_on, stimulus onset, word onset.

    Example:
        >>> import pandas as pd
        >>> words = pd.DataFrame({"word": ["so", "it"], "onset": [0.02, 0.06], "offset": [0.06, 0.08]})
        >>> grid = FrameGrid(start=0.0, rate=50.0, n=5)
        >>> onset_regressors(Stimulus("s1", 0.1, words), grid, np.array([0])).T.tolist()
        [[0.0, 1.0, 1.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 1.0, 0.0]]
    """
    words, columns = stimulus.timed_words, np.zeros((grid.n, 3))
    columns[:1, 1] = 1.0
    if words.empty:
        columns[:, 0] = 1.0
    else:
        marks = Rows(np.ones((len(words), 1)), words["onset"].to_numpy(), words["offset"].to_numpy())
        columns[:, 0] = inside_words(words, grid.times)
        columns[:, 2] = to_grid(marks, "words", grid, placement="impulse")[:, 0]
    return lag_matrix(columns, lags)

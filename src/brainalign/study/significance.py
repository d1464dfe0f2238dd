"""An electrode's own p from the held-out predictions of a study."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from brainalign.encoding.design import Design
from brainalign.encoding.nested import OuterScores
from brainalign.linalg.arithmetic import AT_ONCE
from brainalign.stats import ShiftTest, shift_p


def electrode_p(design: Design, scores: OuterScores, *, window: int, draws: int, seed: int) -> ShiftTest:
    """P of each channel: predictions against shifted responses, repeats of a stimulus averaged, within each outer fold.

    Args:
        design: Responses and folds.
        scores: With predictions.
        window: Lags of the TRF.
        draws: Shifts asked for.
        seed: Of the shifts.
    """
    blocks = [
        slice(at, at + AT_ONCE) for at in range(0, design.n_channels, AT_ONCE)
    ]  # no number hangs on how they are cut
    found = [_block_p(design, scores, here, window, draws, seed) for here in blocks]
    return ShiftTest(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def _block_p(design: Design, scores: OuterScores, here: slice, window: int, draws: int, seed: int) -> ShiftTest:
    """Of some channels."""
    actual, predicted = [], []
    for fold in range(len(design.split.folds)):
        sums: dict[str, NDArray[np.float64]] = {}
        counts: dict[str, NDArray[np.int64]] = {}
        rows: dict[str, NDArray[np.bool_]] = {}
        for i, mask in design.test_rows(fold):
            name, response = design.stimuli[i], design.responses.read(i, here)
            known = np.isfinite(response) & mask[:, None]
            sums[name] = sums.get(name, np.zeros(response.shape)) + np.where(known, response, 0.0)
            counts[name] = counts.get(name, np.zeros(response.shape, dtype=np.int64)) + known
            rows[name] = rows.get(name, np.zeros(len(mask), dtype=bool)) | mask
        actual.append(
            np.vstack([np.where(counts[s] > 0, sums[s] / np.maximum(counts[s], 1), np.nan)[rows[s]] for s in rows])
        )
        predicted.append(np.vstack([scores.predictions[fold][s][:, here][rows[s]] for s in rows]))
    return shift_p(actual, predicted, window=window, draws=draws, seed=seed)

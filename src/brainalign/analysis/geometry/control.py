"""What the baseline and the timing of speech account for, taken out of a representation on stimuli that were not fitted on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from brainalign.analysis.geometry.rows import RowSet, model_rows
from brainalign.analysis.similarity.onsets import onset_regressors
from brainalign.errors import BrainalignError
from brainalign.features.representation import Representation
from brainalign.similarity._rows import fold_of
from brainalign.study.study import Study

Array = NDArray[np.float64]

FOLDS = 5


def control_rows(study: Study, baseline: Representation | None, rows: RowSet) -> Array:
    """(n, regressors) of each row: onsets of words and stimulus and speech being on, over the window; the baseline's features.

    Args:
        study: Grid and window.
        baseline: The run's, or None.
        rows: Where.
    """
    grids = study.responses.grids
    parts = []
    for stimulus, own in rows.table.groupby("stimulus", sort=False):
        grid = grids[str(stimulus)]
        onsets = onset_regressors(study.dataset.stimuli[str(stimulus)], grid, study.lags)
        frame = np.clip(np.round((own["time"].to_numpy() - grid.start) * grid.rate), 0, grid.n - 1).astype(np.int64)
        parts.append(onsets[frame])
    found = np.concatenate(parts)
    if baseline is not None:
        found = np.hstack([found, model_rows(study, baseline, baseline.layers[-1], rows)])
    varies = found.std(axis=0) > 1e-10 * np.abs(found).max(axis=0, initial=0.0)
    return np.asarray(found[:, varies], dtype=np.float64)


def residuals(values: NDArray[np.floating], controls: Array, groups: NDArray[np.int64]) -> Array:
    """What least squares on other stimuli do not foretell of each row.

    Args:
        values: (n, dims).
        controls: (n, k).
        groups: (n,) stimulus of each row.

    Returns:
        (n, dims).

    Raises:
        BrainalignError: Too few rows for so many regressors.
    """
    from sklearn.linear_model import LinearRegression

    if len(values) < 3 * controls.shape[1]:
        raise BrainalignError(
            f"analysis.control=true has {controls.shape[1]} regressors for {len(values)} rows; at least three rows each are needed: "
            "choose a shorter window, or a narrower model@baseline."
        )
    fold = fold_of(groups, len(values), FOLDS)
    out = np.empty((len(values), values.shape[1]))
    for number in range(FOLDS):
        test = fold == number
        fit = LinearRegression().fit(controls[~test], values[~test])
        out[test] = values[test] - fit.predict(controls[test])
    return out


def explained(values: NDArray[np.floating], left: NDArray[np.floating]) -> float:
    """Share of the variance that is gone; may be negative, since it is counted on stimuli that were not fitted on."""
    total = ((values - values.mean(axis=0)) ** 2).sum()
    return float(1 - (left**2).sum() / total) if total > 0 else float("nan")

"""TRF: what the temporal receptive field estimators share: lists of presentations in, weights out, disk and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from brainalign.data.splits.split import Split
from brainalign.encoding.checks import Array, Given, as_presentations, checked
from brainalign.encoding.design import Design
from brainalign.encoding.folds import no_split, presentations_split
from brainalign.encoding.scores import score
from brainalign.errors import BrainalignError
from brainalign.linalg.lags import convolve, lags_of


@dataclass(frozen=True)
class Opened:
    """Checked presentations, ready to be fitted.

    Attributes:
        design: Responses and split.
        frames: Presentation -> (T, d).
        lags: (m,) in frames.
    """

    design: Design
    frames: dict[str, Array]
    lags: NDArray[np.int64]

    @property
    def split(self) -> Split:
        """The folds."""
        return self.design.split


class TRF(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A linear model of responses on lagged features; subclasses fit it.

        y(t) = b + sum_k w(k)' h(t - k)

    Lags are made inside each presentation, with zeros outside it. A presentation is a pair of arrays (T, d) and (T, c);
    estimators take lists of them, or one such pair as plain arrays.

    Attributes:
        coef_: (lags, d, c) weights.
        intercept_: (c,).
        lags_: (lags,) in frames.
        n_features_in_: d.
        response_mean_: (c,) mean of the responses that were fitted.
    """

    _sides = ("features", "responses")  # what the user calls what is given and what is predicted
    _unitless = True  # whether the fit of a response in another unit is the same in that unit
    tmin: float
    tmax: float
    rate: float
    cv: int | Any | Iterable[tuple[Any, Any]]

    def predict(self, features: Given) -> Any:
        """Predicted responses.

        Args:
            features: (T_i, d) for each presentation, or one plain array.

        Returns:
            (T_i, c) for each presentation, or one plain array.
        """
        check_is_fitted(self)
        arrays, plain = as_presentations(self, features)
        for i, x in enumerate(arrays):
            if x.ndim != 2 or x.shape[1] != self.n_features_in_:
                raise BrainalignError(
                    f"{self._sides[0]}[{i}] has shape {x.shape}; (time, {self.n_features_in_}) is needed."
                )
        found = [convolve(x, self.coef_, self.lags_) + self.intercept_ for x in arrays]
        if not plain:
            return found
        return found[0][:, 0] if self._flat else found[0]

    def score(self, features: Given, responses: Given, metric: Literal["r2", "r"] = "r2") -> Any:
        """How well each electrode is predicted, over all presentations together: the score that a run's tables hold.

            R2 = 1 - sum_t (y(t) - p(t))^2 / sum_t (y(t) - m)^2,   m the mean of the responses that were fitted

        A mean over electrodes is left to the caller. Unlike scikit-learn's ``r2_score``, which takes the mean of the scored
        responses, this one does not forgive a shift between what was fitted and what is scored.

        Args:
            features: (T_i, d) for each presentation, or one plain array.
            responses: (T_i, c) for each presentation, NaN = left out, or one plain array.
            metric: ``r2``, or ``r`` for Pearson's correlation of response and prediction, as the mTRF toolbox has it.

        Returns:
            (c,), or a number where the model was fitted on a plain vector.

        Raises:
            BrainalignError: ``metric`` is another.
        """
        if metric not in ("r2", "r"):
            raise BrainalignError(f"metric={metric!r} is no score; 'r2' or 'r' is needed.")
        arrays, _ = as_presentations(self, features)
        targets, _ = as_presentations(None, responses)
        x, y = checked(arrays, targets, self._sides)
        found = score(np.vstack(y), np.vstack(self.predict(x)), self.response_mean_)
        values = found.r2 if metric == "r2" else found.r
        return float(values[0]) if self._flat else values

    def save(self, path: str | Path) -> None:
        """Write parameters and everything fitted to one ``.npz`` file, without pickles.

        Args:
            path: Of the file. A ``cv`` that is no number (a splitter, index arrays) is not kept.
        """
        check_is_fitted(self)
        params = {
            k: np.asarray(v).tolist() if isinstance(v, (np.ndarray, np.generic, tuple, range)) else v
            for k, v in self.get_params(deep=False).items()
            if k != "cv" or isinstance(v, int)
        }
        fitted = {k: v for k, v in vars(self).items() if k.endswith("_") and not k.startswith("_")}
        about = {"class": type(self).__name__, "params": params, "flat": self._flat}
        with Path(path).open("wb") as file:
            np.savez(file, __about__=np.array(json.dumps(about)), **fitted)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what ``save`` wrote.

        Args:
            path: Of the file.

        Raises:
            BrainalignError: The file holds no such estimator.
        """
        try:
            with np.load(path, allow_pickle=False) as content:
                about = json.loads(str(content["__about__"]))
                fitted = {k: content[k] for k in content.files if k != "__about__"}
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise BrainalignError(f"{path} is no saved TRF ({type(error).__name__}: {error}).") from error
        if about["class"] != cls.__name__:
            raise BrainalignError(f"{path} holds a {about['class']}, not a {cls.__name__}; open it with that class.")
        trf = cls(**about["params"])
        for name, value in fitted.items():
            setattr(trf, name, value if value.ndim else value.item())
        trf._flat = about["flat"]
        return trf

    def _lags(self) -> NDArray[np.int64]:
        """The window in frames."""
        return lags_of(self.tmin, self.tmax, self.rate)

    def _open(self, features: Given, responses: Given, groups: Sequence[Any] | None, choices: int) -> Opened:
        """Check what was given and fold it; a single choice needs no folds."""
        arrays, _ = as_presentations(self, features, fit=True)
        targets, dimensions = as_presentations(None, responses)
        self._flat = dimensions == 1
        x, y = checked(arrays, targets, self._sides)
        names = [str(i) for i in range(len(x))]
        labels = names if groups is None else list(groups)
        if len(labels) != len(x):
            raise BrainalignError(f"groups has {len(labels)} entries for {len(x)} presentations; one each is needed.")
        lengths = [len(v) for v in x]
        split = presentations_split(self.cv, labels, lengths) if choices > 1 else no_split(lengths)
        self.lags_ = self._lags()
        longest = max(lengths)  # beyond it all lagged columns are zero
        if np.abs(self.lags_).max() >= longest:
            raise BrainalignError(
                f"the window tmin={self.tmin:g} to tmax={self.tmax:g} s reaches over {np.abs(self.lags_).max():,} frames, "
                f"but the longest presentation has {longest:,} ({longest / self.rate:g} s); both are in seconds, not milliseconds."
            )
        centred = getattr(self, "intercept_alpha", 0.0) == 0
        design = Design(names, y, split, centred=centred, unitless=self._unitless)
        self.n_features_in_ = x[0].shape[1]
        self.coef_ = np.zeros((len(self.lags_), self.n_features_in_, design.n_channels))
        self.intercept_ = np.zeros(design.n_channels)
        self.response_mean_ = design.mean
        return Opened(design, dict(zip(names, x, strict=True)), self.lags_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

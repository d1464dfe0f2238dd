"""The data that validation runs on: simulated listeners under the run's own window, folds and penalties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from brainalign.data.types import Dataset
from brainalign.features.base import Extractor
from brainalign.features.cache import FeatureCache
from brainalign.features.representation import Representation
from brainalign.study.study import Study


class Bench:
    """Studies and representations of many simulated data sets; their features live in a temporary folder.

    Args:
        study: Whose window, folds, penalties and outcome are used.
    """

    def __init__(self, study: Study) -> None:
        self._study = study
        self._folder = TemporaryDirectory(prefix="brainalign-validation-")
        self.folder = Path(self._folder.name)

    def listen(self, dataset: Dataset) -> Study:
        """The study of a data set under the run's settings; each electrode's own p is left out."""
        outcome = replace(self._study.outcome, permutations=0)
        return replace(self._study, dataset=dataset, outcome=outcome, notes=[], _told=set(), _selections={})

    def represent(self, extractor: Extractor, dataset: Dataset) -> Representation:
        """A representation of a data set's stimuli."""
        cache = FeatureCache(self.folder)
        return Representation(extractor, dataset.stimuli, dataset.stimuli_digest, cache)

    def close(self) -> None:
        """Remove the temporary folder."""
        self._folder.cleanup()


def latent_frames(dataset: Dataset, names: Sequence[str]) -> Mapping[str, NDArray[np.float64]]:
    """Stimulus -> (frames, dims): these latents side by side, the generating features themselves."""
    assert dataset.latents is not None, "validation simulates its own data"
    return {s: np.hstack([dataset.latents[name][s] for name in names]) for s in dataset.stimuli}

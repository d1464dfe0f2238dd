"""What the shared space is held against: static word vectors, acoustics, residual context; on frames, fitted on training stimuli."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.features.align import to_grid
from brainalign.features.base import Rows
from brainalign.features.representation import Representation
from brainalign.spaces import ResidualContext
from brainalign.spaces.residual import LexicalCheck
from brainalign.study.paired_rows import marks_of
from brainalign.study.roles import Models
from brainalign.study.study import Study

Frames = Mapping[str, NDArray[np.floating[Any]]]


@dataclass
class Competitors:
    """The competitors of one study; residual context is fitted for each outer fold.

    Attributes:
        study: Data and folds.
        models: Who plays which part.
        layer: Of the contextual model, or None: the middle one.
        previous: Words before each word that count as lexical.
        checks: Fold -> whether the lexical part is gone from residual context.
    """

    study: Study
    models: Models
    layer: int | None
    previous: int
    checks: dict[int, LexicalCheck]

    @property
    def names(self) -> list[str]:
        """Those that there are, in the order of figures."""
        parts = {"lexical": self.models.lexical, "acoustic": self.models.acoustic, "contextual": self.models.contextual}
        return [name for name, model in parts.items() if model is not None]

    def frames(self, name: str, fold: int) -> Frames:
        """A competitor on the frame grid: stimulus -> (T, d).

        Args:
            name: One of ``names``.
            fold: Outer fold whose training stimuli residual context is fitted on.
        """
        if name == "contextual":
            return self._residual(fold)
        model = self.models.lexical if name == "lexical" else self.models.acoustic
        assert model is not None, "names are those that there are"
        return self.study.frames(model, self.study.best_layer(model, fold))

    @property
    def context_layer(self) -> int:
        """Layer whose context is taken: the one asked for, or the middle one."""
        model = self.models.contextual
        assert model is not None, "names are those that there are"
        return self.layer if self.layer is not None else model.layers[len(model.layers) // 2]

    def _residual(self, fold: int) -> Frames:
        study, model, static = self.study, self.models.contextual, self.models.embedding
        assert model is not None and static is not None, "a contextual model comes with its input embedding"
        heard = set(study.stimuli)
        lexical, context = ({s: v for s, v in rows.items() if s in heard} for rows in self._words(model, static))
        marks = marks_of(study, frozenset(study.split.training(fold)), "words", voiced=True)
        train = [s for s in sorted(context) if marks[s].any()]
        space = ResidualContext(self.previous).fit(
            {s: lexical[s][marks[s]] for s in train}, {s: context[s][marks[s]] for s in train}
        )
        self.checks[fold] = space.check()
        left = space.transform(lexical, context)
        for stimulus, own in space.training_residuals().items():
            left[stimulus][marks[stimulus]] = own
        return {s: self._on_grid(s, values) for s, values in left.items()}

    def _words(self, model: Representation, static: Representation) -> tuple[dict[str, Any], dict[str, Any]]:
        """Words of the input embedding and of the context's layer; model frames averaged over words."""
        return static.word_rows(static.layers[0]), model.word_rows(self.context_layer)

    def _on_grid(self, stimulus: str, values: NDArray[np.float64]) -> NDArray[np.floating[Any]]:
        words: pd.DataFrame = self.study.dataset.stimuli[stimulus].timed_words
        rows = Rows(
            values.astype(np.float32),
            words["onset"].to_numpy(dtype=np.float64),
            words["offset"].to_numpy(dtype=np.float64),
        )
        grid = self.study.responses.grids[stimulus]
        return to_grid(rows, "words", grid, placement="hold", align=self.study.align, resample=self.study.resample)

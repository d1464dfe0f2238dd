"""All layers of a model through the TRF, one by one; where fits are kept, a run goes on where another one was killed."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from brainalign.encoding.fit_store import FitStore
from brainalign.encoding.layers import LayerSelection
from brainalign.encoding.nested import OuterScores
from brainalign.features.joined import Band, JoinedRepresentation
from brainalign.features.representation import Representation
from brainalign.notes import packed, unpacked
from brainalign.progress import track
from brainalign.study.bands import fit_bands
from brainalign.study.fitting import Fitting

log = logging.getLogger(__name__)


@dataclass
class LayerChoice(Fitting):
    """A problem whose models' layers are fitted once each, and chosen on inner folds."""

    _selections: dict[str, LayerSelection] = field(default_factory=dict, repr=False)

    def layer_selection(self, representation: Representation) -> LayerSelection:
        """All layers of a model through the TRF, fitted once a study."""
        content = " ".join(representation.key(layer) for layer in representation.layers)
        if content not in self._selections:
            self._selections[content] = _fit_layers(self, representation)
        return self._selections[content]

    def best_layer(self, representation: Representation, fold: int) -> int:
        """The layer that stands for a whole model in an outer fold.

        It is the one with the best inner score, averaged over electrodes, in which the fold's test rows have no say; where
        ``outcome.rule`` is ``max``, the one with the best score on the scored data, as published.

        Args:
            representation: The model.
            fold: The outer fold.
        """
        if len(representation.layers) == 1:
            return representation.layers[0]
        layers = self.layer_selection(representation).layers
        published = self.outcome.rule == "max"
        mean = {n: float(np.nanmean(s.r if published else s.inner[fold])) for n, s in layers.items()}
        return max(mean, key=lambda n: mean[n])


def layers_of(study: LayerChoice, bands: Sequence[Band]) -> list[tuple[int, ...]]:
    """Outer fold -> the layer of each band.

    Args:
        study: Data and folds.
        bands: Each with its layers.
    """
    folds = range(len(study.split.folds))
    return [tuple(study.best_layer(band.representation, fold) for band in bands) for fold in folds]


def _fit_layers(study: LayerChoice, model: Representation) -> LayerSelection:
    """Fit every layer that is not in the study's store yet, and keep the state of the selection there.

    Args:
        study: Data, window and folds.
        model: Whose layers.
    """
    if study.store is None:
        return _run(study, model, LayerSelection(), None)
    key = study.key(rows=[study.rows_key(model, n) for n in model.layers])
    with study.store.lock(key, model.name):
        return _run(study, model, _found(study, study.store, key, model), (study.store, key))


def _run(
    study: LayerChoice, model: Representation, selection: LayerSelection, kept: tuple[FitStore, str] | None
) -> LayerSelection:
    """Fit the layers that the selection lacks."""
    todo = [n for n in model.layers if n not in selection.layers]
    for known in selection.layers.values():
        study.count(model.name, known)
    start = time.monotonic()
    for layer in track(todo, f"fitting {model.name}, layer by layer"):
        selection.add(layer, _fit(study, model, layer))
        log.info("%s layer %s: mean r %.4f", model.name, layer, np.nanmean(selection.layers[layer].r))
        if kept is None:
            continue
        (store, key), tensors = kept, selection.pack()
        if layer == todo[-1] or store.worth(tensors, time.monotonic() - start):
            done = f"{len(selection.layers)} of {len(model.layers)} layers of {model.name}"
            store.write(key, tensors, {"model": model.name, "what": done, "notes": packed(model.notes)})
            start = time.monotonic()
    return selection


def _fit(study: LayerChoice, model: Representation, layer: int) -> OuterScores:
    if isinstance(model, JoinedRepresentation):
        return fit_bands(study, model.bands, layers_of(study, model.bands), model.ratios, model.name).scores
    frames = study.frames(model, layer)
    return study.fit(frames, next(iter(frames.values())).shape[1], model.name)


def _found(study: LayerChoice, store: FitStore, key: str, model: Representation) -> LayerSelection:
    """The selection as far as an earlier run came, with what that run noted of the features; else a selection that begins."""
    found = store.read(key)
    if found is None:
        return LayerSelection()
    tensors, said = found
    selection = LayerSelection.unpack(tensors)
    model.notes.extend(note for note in unpacked(said["notes"]) if note not in model.notes)
    study.notes.append(f"resumed: {len(selection.layers)} of {len(model.layers)} layers of {model.name} from {store}")
    log.info(study.notes[-1])
    return selection

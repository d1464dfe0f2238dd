"""All layers of a model through the TRF, one by one; where fits are kept, a run goes on where another one was killed."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import numpy as np

from brainalign.encoding.fit_store import FitStore
from brainalign.encoding.layers import LayerRace
from brainalign.encoding.nested import OuterScores
from brainalign.features.joined import JoinedRepresentation
from brainalign.features.representation import Representation
from brainalign.progress import track
from brainalign.study.bands import fit_joined

if TYPE_CHECKING:
    from brainalign.study.study import Study

log = logging.getLogger(__name__)


def race_layers(study: Study, model: Representation) -> LayerRace:
    """Fit every layer that is not in the study's store yet, and keep the state of the race there.

    Args:
        study: Data, window and folds.
        model: Whose layers.
    """
    if study.store is None:
        return _run(study, model, LayerRace(), None)
    key = study.key(rows=[study.rows_key(model, n) for n in model.layers])
    with study.store.lock(key, model.name):
        return _run(study, model, _found(study, study.store, key, model), (study.store, key))


def _run(study: Study, model: Representation, race: LayerRace, kept: tuple[FitStore, str] | None) -> LayerRace:
    """Fit the layers that the race lacks."""
    todo = [n for n in model.layers if n not in race.layers]
    start = time.monotonic()
    for layer in track(todo, f"fitting {model.name}, layer by layer"):
        race.add(layer, _fit(study, model, layer))
        log.info("%s layer %s: mean r %.4f", model.name, layer, np.nanmean(race.layers[layer].r))
        if kept is None:
            continue
        (store, key), tensors = kept, race.pack()
        if layer == todo[-1] or store.worth(tensors, time.monotonic() - start):
            done = f"{len(race.layers)} of {len(model.layers)} layers of {model.name}"
            store.write(key, tensors, {"model": model.name, "what": done, "notes": model.notes})
            start = time.monotonic()
    return race


def _fit(study: Study, model: Representation, layer: int) -> OuterScores:
    if isinstance(model, JoinedRepresentation):
        return fit_joined(study, model.bands, model.ratios, model.name).scores
    frames = study.frames(model, layer)
    return study.fit(frames, next(iter(frames.values())).shape[1], model.name)


def _found(study: Study, store: FitStore, key: str, model: Representation) -> LayerRace:
    """The race as far as an earlier run came, with what that run noted of the features; else a race that begins."""
    found = store.read(key)
    if found is None:
        return LayerRace()
    tensors, said = found
    race = LayerRace.unpack(tensors)
    model.notes.extend(note for note in said["notes"] if note not in model.notes)
    study.notes.append(f"resumed: {len(race.layers)} of {len(model.layers)} layers of {model.name} from {store}")
    log.info(study.notes[-1])
    return race

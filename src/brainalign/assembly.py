"""From settings to objects: the data set, the study and the representations that a config names."""

from __future__ import annotations

from pathlib import Path

from brainalign.analysis.study import Study
from brainalign.config import Config
from brainalign.config.check import baseline_option
from brainalign.config.schema import AutoModel, Model
from brainalign.data.types import Dataset
from brainalign.encoding.nested import Search
from brainalign.extractors import extractor_of
from brainalign.features.cache import FeatureCache
from brainalign.features.representation import Representation
from brainalign.linalg.arithmetic import Arithmetic


def open_dataset(config: Config) -> Dataset:
    """Read or simulate the data set."""
    data = config.data
    options = {k: v for k, v in vars(data).items() if k != "kind"}
    if data.kind == "simulated":
        from brainalign.data.simulated import simulate

        return simulate(**options, cache_dir=Path(config.paths.cache))
    if data.kind == "alice_fmri":
        from brainalign.data.alice_fmri import read_alice_fmri

        return read_alice_fmri(**options)
    from brainalign.data.folder import read_folder

    return read_folder(**options)


def open_study(config: Config, dataset: Dataset) -> Study:
    """The data set on the frame grid, with window, split and penalties."""
    window, encoding = config.window, config.encoding
    arithmetic = Arithmetic(config.device, encoding.dtype, encoding.solver)
    arithmetic.torch_device()  # a device that is not there is refused before any work
    return Study(
        dataset,
        tmin=window.tmin,
        tmax=window.tmax,
        lag_unit=window.unit,
        rate=window.rate,
        alphas=encoding.alphas,
        outer_folds=encoding.outer_folds,
        split_kind=encoding.split,
        gap=encoding.gap,
        align="offset" if config.features.align == "offset" else "onset",
        resample="lanczos" if config.features.resample == "lanczos" else "box",
        seed=config.seed,
        arithmetic=arithmetic,
        search=Search(encoding.inner_folds, encoding.alpha_rule),
    )


def choose_baseline(config: Config, study: Study, alone: bool) -> None:
    """Settle ``model@baseline=auto`` now that the data are known; a model is no baseline of itself, nor its own partner's.

    Args:
        config: Of the run; its baseline is replaced.
        study: The data.
        alone: Whether the analysis is about one model, and has no baseline.
    """
    if alone:
        config.baseline = None
        return
    if isinstance(config.baseline, AutoModel):
        audio = all(s.audio is not None for s in study.dataset.stimuli.values())
        config.baseline = baseline_option(audio)
    compared = [m.name for m in (config.model, config.partner) if m is not None]
    if config.baseline.name in compared:
        config.baseline = None


def represent(config: Config, model: Model, dataset: Dataset) -> Representation:
    """A model's representation of the data set's stimuli, checked but not yet extracted."""
    extractor = extractor_of(config, model, dataset)
    cache = FeatureCache(Path(config.paths.cache), config.features.dtype)
    return Representation(extractor, dataset.stimuli, dataset.stimuli_digest, cache)

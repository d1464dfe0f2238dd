"""brainalign: how far do speech and language models agree with each other and with the brain?

What a notebook needs is here by name (``from brainalign import RidgeTRF``) and imported when it is asked for, so that importing the
package stays quick: see docs/recipes.md.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_FIGURES = (
    "abx_answers", "abx_layers", "brain_map", "canonical_correlations", "ceilings", "cluster_map", "control_shares",
    "curves_by_region", "data_overview", "decoding_scores", "feature_picture", "figure_2", "figure_3", "figure_4",
    "geometry_layers", "geometry_map", "geometry_regions", "geometry_runs", "group_trf", "hierarchy_figure", "layer_profile",
    "mean_trf", "model_scatter", "offsets", "onset_responses", "paper_figure", "pattern_topography", "power_curves",
    "prediction_example", "reconstruction_axes", "reconstruction_course", "region_bars", "score_distribution", "spectra",
    "sweep_metric", "topography", "variance_partition",
)  # fmt: skip

_PUBLIC = {
    "Audio": "data.sound.audio",
    "BandedRidgeTRF": "encoding",
    "BoostingTRF": "encoding",
    "BrainalignError": "errors",
    "DecodingTRF": "encoding",
    "ElasticNetTRF": "encoding",
    "FrameGrid": "data.frames.grid",
    "LanguageModel": "features.language.model",
    "Models": "study.roles",
    "RidgeTRF": "encoding",
    "SharedSpace": "spaces",
    "SpeechModel": "features.speech.model",
    "Stimulus": "data.types",
    "Study": "study.study",
    "cka": "similarity",
    "cluster_test": "stats",
    "compare": "stats",
    "cross_fitted_cca": "spaces.cross_fitted",
    "figure_style": "journals",
    "load_run": "tracking.saved",
    "nested_trf": "encoding.from_arrays",
    "noise_ceilings": "stats.ceiling",
    "rsa": "similarity",
    "to_grid": "features.align",
    "write_figures": "tracking.files",
    **dict.fromkeys(_FIGURES, "figures"),
}
"""Public name -> the module of it."""

__all__ = ["__version__", *sorted(_PUBLIC)]


def __getattr__(name: str) -> Any:
    """A public name, imported when it is asked for."""
    if name in _PUBLIC:
        return getattr(import_module(f"brainalign.{_PUBLIC[name]}"), name)
    raise AttributeError(f"module 'brainalign' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""One function a figure; tables in, matplotlib figures and their captions out."""

from brainalign.figures.abx import abx_answers, abx_layers
from brainalign.figures.brain import brain_map, located
from brainalign.figures.canonical_correlations import canonical_correlations
from brainalign.figures.ceilings import ceilings
from brainalign.figures.control_shares import control_shares
from brainalign.figures.curves_by_region import curves_by_region
from brainalign.figures.data_overview import data_overview
from brainalign.figures.decoding import decoding_scores
from brainalign.figures.feature_picture import feature_picture
from brainalign.figures.geometry import geometry_layers, geometry_map, geometry_regions
from brainalign.figures.geometry_runs import geometry_runs
from brainalign.figures.group_trf import cluster_map, group_trf
from brainalign.figures.hierarchy import hierarchy_figure
from brainalign.figures.layer_profile import layer_profile
from brainalign.figures.mean_trf import mean_trf
from brainalign.figures.model_scatter import model_scatter
from brainalign.figures.panels import paper_figure
from brainalign.figures.paper import figure_2, figure_3, figure_4
from brainalign.figures.power_curves import power_curves
from brainalign.figures.prediction_example import prediction_example
from brainalign.figures.quality import offsets, onset_responses, spectra
from brainalign.figures.quality_page import write_quality
from brainalign.figures.reconstruction import reconstruction_axes, reconstruction_course
from brainalign.figures.region_bars import region_bars
from brainalign.figures.score_distribution import score_distribution
from brainalign.figures.style import Panel, stamp
from brainalign.figures.sweep_metric import sweep_metric
from brainalign.figures.topography import on_scalp, pattern_topography, topography
from brainalign.figures.variance_partition import variance_partition

__all__ = [
    "Panel",
    "abx_answers",
    "abx_layers",
    "brain_map",
    "canonical_correlations",
    "ceilings",
    "cluster_map",
    "control_shares",
    "curves_by_region",
    "data_overview",
    "decoding_scores",
    "feature_picture",
    "figure_2",
    "figure_3",
    "figure_4",
    "geometry_layers",
    "geometry_map",
    "geometry_regions",
    "geometry_runs",
    "group_trf",
    "hierarchy_figure",
    "layer_profile",
    "located",
    "mean_trf",
    "model_scatter",
    "offsets",
    "on_scalp",
    "onset_responses",
    "paper_figure",
    "pattern_topography",
    "power_curves",
    "prediction_example",
    "reconstruction_axes",
    "reconstruction_course",
    "region_bars",
    "score_distribution",
    "spectra",
    "stamp",
    "sweep_metric",
    "topography",
    "variance_partition",
    "write_quality",
]

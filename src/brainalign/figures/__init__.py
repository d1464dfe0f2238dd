"""One function a figure; tables in, matplotlib figures and their captions out."""

from brainalign.figures.canonical_correlations import canonical_correlations
from brainalign.figures.curves_by_region import curves_by_region
from brainalign.figures.feature_picture import feature_picture
from brainalign.figures.layer_profile import layer_profile
from brainalign.figures.mean_trf import mean_trf
from brainalign.figures.model_scatter import model_scatter
from brainalign.figures.prediction_example import prediction_example
from brainalign.figures.region_bars import region_bars
from brainalign.figures.score_distribution import score_distribution
from brainalign.figures.style import stamp
from brainalign.figures.variance_partition import variance_partition

__all__ = [
    "canonical_correlations",
    "curves_by_region",
    "feature_picture",
    "layer_profile",
    "mean_trf",
    "model_scatter",
    "prediction_example",
    "region_bars",
    "score_distribution",
    "stamp",
    "variance_partition",
]

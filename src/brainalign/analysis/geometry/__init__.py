"""analysis=geometry: whether layers of models, and regions of the brain, arrange the same words or frames in the same way."""

from brainalign.analysis.geometry.run import geometry, layer_maps

__all__ = ["geometry", "layer_maps"]

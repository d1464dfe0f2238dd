"""What is fitted on training stimuli and turns features into features."""

from brainalign.spaces.residual import LexicalCheck, ResidualContext
from brainalign.spaces.shared import PairedRows, SharedSpace

__all__ = ["LexicalCheck", "PairedRows", "ResidualContext", "SharedSpace"]

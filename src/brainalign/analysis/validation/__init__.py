"""analysis=validation: what the simulator planted against what the pipeline finds, one file a kind of truth."""

from brainalign.analysis.validation.run import validation

__all__ = ["validation"]

"""analysis=power: the chance to find an effect of a given size with so many participants, electrodes and sentences."""

from brainalign.analysis.power.run import power

__all__ = ["power"]

"""Continuous recordings, whatever their format: runs, events, and presentations cut out of them."""

from brainalign.data.continuous.dataset import Source, assemble
from brainalign.data.continuous.event import Event
from brainalign.data.continuous.run import Run

__all__ = ["Event", "Run", "Source", "assemble"]

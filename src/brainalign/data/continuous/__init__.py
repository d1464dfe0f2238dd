"""Continuous recordings, whatever their format: runs, events, and presentations cut out of them."""

from brainalign.data.continuous.dataset import assemble
from brainalign.data.continuous.run import Run
from brainalign.data.continuous.source import Source
from brainalign.data.events.event import Event

__all__ = ["Event", "Run", "Source", "assemble"]

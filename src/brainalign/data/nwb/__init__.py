"""Neurodata Without Borders."""

from brainalign.data.nwb.dataset import read_nwb

__all__ = ["read_nwb"]

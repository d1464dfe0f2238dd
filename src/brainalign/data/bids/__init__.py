"""iEEG, EEG and MEG in BIDS."""

from brainalign.data.bids.dataset import read_bids

__all__ = ["read_bids"]

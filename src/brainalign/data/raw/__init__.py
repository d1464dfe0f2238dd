"""Files that MNE reads, with tables beside them."""

from brainalign.data.raw.dataset import read_raw_files

__all__ = ["read_raw_files"]

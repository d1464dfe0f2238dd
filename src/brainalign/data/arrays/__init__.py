"""NPZ, HDF5 and MATLAB files of responses, by a map of their keys."""

from brainalign.data.arrays.dataset import read_arrays

__all__ = ["read_arrays"]

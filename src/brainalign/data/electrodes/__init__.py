"""Electrodes and voxels: their tables, names and places, and which of them take part."""

"""Extractors, alignment of rows to the frame grid, and the cache."""

"""Responses on frames: the grid, all participants on it, and one value a trial."""

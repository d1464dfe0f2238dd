"""Stimuli, presentations, recordings, grids, splits; one reader a format; the simulator."""

"""Pure functions on arrays: resampling, spectrogram, filters."""

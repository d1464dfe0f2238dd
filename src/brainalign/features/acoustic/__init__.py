"""Features of the waveform."""

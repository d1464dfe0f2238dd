"""Speech models: hidden states of frames of sound."""

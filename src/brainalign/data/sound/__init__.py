"""Sound of the stimuli: files, channels, samples at 16 kHz."""

"""Features of words whose times are known: onsets, static vectors, and controls made of words."""

"""What analyses share: one data set under one window and one split, its fits, scores and their tables."""

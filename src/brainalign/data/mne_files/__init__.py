"""Files that MNE reads: runs, channels, events inside them; for the readers of raw files and of BIDS."""

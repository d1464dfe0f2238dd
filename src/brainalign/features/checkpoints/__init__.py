"""Checkpoints of transformers: where they are, how they are loaded and run, and where in a block states are taken."""

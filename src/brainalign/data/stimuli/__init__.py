"""Stimuli: their files, the table beside them, ABX triplets, and what is told of all of them."""

"""Simulated representations of known content."""

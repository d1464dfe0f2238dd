"""Readers of one published data set each."""

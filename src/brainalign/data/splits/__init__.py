"""Splits into training and test: folds, a test set held back, and leaks between them."""

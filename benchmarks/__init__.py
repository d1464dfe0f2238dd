"""Side by side with peers: same data, same folds, same alphas, one process a competitor. See README.md."""

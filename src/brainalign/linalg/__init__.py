"""Pure numerics: moments of lagged features, ridge and CCA solvers."""

"""One file for each analysis option."""

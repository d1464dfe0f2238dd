"""Finding and reading files: patterns, participants, tables, and one sentence for whatever is wrong."""

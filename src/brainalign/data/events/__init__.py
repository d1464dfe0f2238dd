"""Events: which stimulus was played when, in whatever way a table or a recording says it."""

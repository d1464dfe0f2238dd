"""Features that the user has computed: read from files, checked against the stimuli."""

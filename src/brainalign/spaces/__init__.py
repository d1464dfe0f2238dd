"""What is fitted on training stimuli and turns features into features."""

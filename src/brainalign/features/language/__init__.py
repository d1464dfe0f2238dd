"""Language models: hidden states, surprisal and input embeddings of words."""

"""What configs can name and what data must have; nothing heavy is imported for it."""

MEASURES = ("cka", "rsa", "procrustes", "cca", "knn")

STIMULI = 10
"""Stimuli that a comparison needs: they are the unit of its intervals and of its null."""

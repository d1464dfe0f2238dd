"""Names of the measures of analysis=geometry, as configs spell them; nothing heavy is imported for them."""

MEASURES = ("cka", "rsa", "procrustes", "cca", "knn")

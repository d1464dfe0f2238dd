"""Names of the measures, as configs spell them."""

MEASURES = ("cka", "rsa", "procrustes", "cca", "knn")

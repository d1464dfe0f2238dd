"""Public archives: what of a named data set lies in them, and how it is fetched. Nothing here runs unless it is asked for.

- ``listing``: the files of a public bucket, with size and checksum, and those of them that a reader needs.
- ``download``: a file of them, gone on with where it was cut, and its checksum.
"""

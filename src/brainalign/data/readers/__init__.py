"""What ``conf/data`` can name: one module a kind, with its options and how it is read."""

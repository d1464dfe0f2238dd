"""What ``conf/model`` can name: one module a kind, with its options and how its extractor is made."""

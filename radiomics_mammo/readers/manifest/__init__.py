"""The reader of a manifest, a CSV table of files."""

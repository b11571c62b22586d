"""Tables of features on disk."""

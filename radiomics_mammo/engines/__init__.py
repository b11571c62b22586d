"""Engines: from samples to feature vectors."""

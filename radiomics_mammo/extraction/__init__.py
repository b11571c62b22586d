"""Runs over a collection: batches, workers, checkpoints, tables."""

"""Metrics of predictions, with intervals clustered by patient."""

"""Scores of new cases by a saved model."""

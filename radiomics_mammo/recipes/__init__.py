"""Recipes: which features, with which settings."""

"""Patient-grouped comparison of models."""

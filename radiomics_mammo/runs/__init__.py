"""The run folder, and the models that can be loaded from it."""

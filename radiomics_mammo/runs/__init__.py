"""The run folder, what it holds, and the models that can be loaded from it."""

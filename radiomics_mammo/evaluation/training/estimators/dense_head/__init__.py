"""A dense head for frozen embeddings: one classifier, trained by PyTorch where it is installed, else by NumPy."""

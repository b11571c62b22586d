"""The reader of simulated lesions, and simulated collections on disk."""

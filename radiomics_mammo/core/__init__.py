"""Records, settings, and what the program says."""

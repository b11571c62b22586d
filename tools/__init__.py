"""Programs for maintainers; run them as ``python -m tools.NAME``."""

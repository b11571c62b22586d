"""What comes in: tables joined, checked, and turned into arrays."""

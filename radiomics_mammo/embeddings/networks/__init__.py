"""Frozen networks, one kind a file."""

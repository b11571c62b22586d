"""Sections of a study's report, one a file."""

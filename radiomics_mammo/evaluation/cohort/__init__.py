"""Cohorts: tables joined, checked, and turned into arrays."""

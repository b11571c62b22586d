"""Pixels: file formats, preprocessing, the breast."""

"""Report, model card, comparison of runs and data set summary; from tables and arrays, never from images."""

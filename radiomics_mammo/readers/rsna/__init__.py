"""The reader of RSNA's screening mammograms."""

"""Leakage checks of a run, and the AUROC inflation by common leakage errors."""

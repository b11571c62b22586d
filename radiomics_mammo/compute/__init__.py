"""Numerical ground: compiled kernels, devices, reductions."""

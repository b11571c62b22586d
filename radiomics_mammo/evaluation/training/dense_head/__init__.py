"""A dense head for frozen embeddings: one estimator, trained by PyTorch where it is installed, else by NumPy."""

from __future__ import annotations

from radiomics_mammo.evaluation.training.dense_head.early_stopping import (
    CURVES,
    PARTS,
    GrownHeads,
    HeadPair,
    grow_heads_together,
)
from radiomics_mammo.evaluation.training.dense_head.estimator import DenseHead

__all__ = ["CURVES", "PARTS", "DenseHead", "GrownHeads", "HeadPair", "grow_heads_together"]

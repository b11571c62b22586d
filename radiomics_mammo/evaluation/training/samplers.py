"""Builders of the resampling steps in ``SAMPLERS``; they only ever see training rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = 5
"""Of SMOTE and its kin, where there are as many."""


def none(y: NDArray[np.int8], seed: int) -> None:
    """Leave the training rows as they are."""


def oversampling(y: NDArray[np.int8], seed: int) -> Any:  # noqa: ARG001 (one signature for the table)
    """Repeat cases of the rarer class, drawn at random, until the classes are even."""
    from imblearn.over_sampling import RandomOverSampler

    return RandomOverSampler(random_state=seed)


def smote(y: NDArray[np.int8], seed: int) -> Any:
    """Interpolate new cases of the rarer class between neighbours (Chawla et al., JAIR 2002;16:321-357)."""
    from imblearn.over_sampling import SMOTE

    return SMOTE(k_neighbors=neighbours(y), random_state=seed)


def borderline(y: NDArray[np.int8], seed: int) -> Any:
    """SMOTE from cases with many neighbours of the other class only (Han et al., ICIC 2005)."""
    from imblearn.over_sampling import BorderlineSMOTE

    return BorderlineSMOTE(k_neighbors=neighbours(y), random_state=seed)


def adasyn(y: NDArray[np.int8], seed: int) -> Any:
    """SMOTE with more new cases where the other class is near (He et al., IJCNN 2008)."""
    from imblearn.over_sampling import ADASYN

    return ADASYN(n_neighbors=neighbours(y), random_state=seed)


def smoteenn(y: NDArray[np.int8], seed: int) -> Any:
    """SMOTE, then cases out that their neighbours disagree with (Batista et al., SIGKDD Expl. 2004;6:20-29)."""
    from imblearn.combine import SMOTEENN
    from imblearn.over_sampling import SMOTE

    return SMOTEENN(smote=SMOTE(k_neighbors=neighbours(y), random_state=seed), random_state=seed)


def neighbours(y: NDArray[np.int8]) -> int:
    """Give the number of neighbours SMOTE can look at: five, or all others where there are fewer."""
    return min(NEIGHBOURS, int(np.bincount(y, minlength=2).min()) - 1)


def balanced_weights(y: NDArray[np.int8]) -> NDArray[np.float64]:
    """Weigh the rows so that both classes weigh the same and the mean weight is 1; shape (n_rows,)."""
    counts = np.bincount(y, minlength=2)
    return np.asarray((y.size / (2.0 * counts))[y])


def bagging(y: NDArray[np.int8], seed: int) -> Any:
    """Build a maker of bags: ten members, each trained on all of the rarer class and as many of the other."""
    from functools import partial

    from imblearn.ensemble import BalancedBaggingClassifier

    # All rows, without a bootstrap: that may draw nobody of a rare class.
    whole = {"bootstrap": False, "max_samples": y.size}
    return partial(BalancedBaggingClassifier, n_estimators=10, n_jobs=1, random_state=seed, **whole)

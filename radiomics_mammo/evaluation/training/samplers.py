"""Resampling of training rows: other rows, or other weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NEIGHBOURS = 5
"""Of SMOTE and its variants, where there are as many."""


@dataclass(frozen=True, slots=True)
class Sampler:
    """A line of ``SAMPLERS``.

    Attributes
    ----------
    build : callable (y, seed) -> imbalanced-learn sampler or None
        Built for the training rows' labels at hand.
    least : int
        Fewest training cases of the rarer class that it can work with.
    interpolates : bool
        Whether it makes rows between neighbours, so that nulls must be imputed before it.
    keeps_rows : bool
        Whether a booster can do the same by weights of the rows as they are.
    reweights : bool
        Whether it weights the classes for every model.
    """

    title: str
    build: Callable[[NDArray[np.int8], int], Any]
    least: int
    interpolates: bool = False
    keeps_rows: bool = False
    reweights: bool = False


def none(y: NDArray[np.int8], seed: int) -> None:
    """Return no sampler: the training rows stay as they are."""


def oversampling(y: NDArray[np.int8], seed: int) -> Any:  # noqa: ARG001 (one signature for the table)
    """Build a sampler that repeats random cases of the rarer class."""
    from imblearn.over_sampling import RandomOverSampler

    return RandomOverSampler(random_state=seed)


def smote(y: NDArray[np.int8], seed: int) -> Any:
    """Build SMOTE (Chawla et al., JAIR 2002;16:321-357)."""
    from imblearn.over_sampling import SMOTE

    return SMOTE(k_neighbors=neighbours(y), random_state=seed)


def borderline(y: NDArray[np.int8], seed: int) -> Any:
    """Build SMOTE from cases near the other class only (Han et al., ICIC 2005)."""
    from imblearn.over_sampling import BorderlineSMOTE

    return BorderlineSMOTE(k_neighbors=neighbours(y), random_state=seed)


def adasyn(y: NDArray[np.int8], seed: int) -> Any:
    """Build SMOTE with more cases near the other class (He et al., IJCNN 2008)."""
    from imblearn.over_sampling import ADASYN

    return ADASYN(n_neighbors=neighbours(y), random_state=seed)


def smoteenn(y: NDArray[np.int8], seed: int) -> Any:
    """Build SMOTE, then edited nearest neighbours (Batista et al., SIGKDD Expl 2004;6:20-29)."""
    from imblearn.combine import SMOTEENN
    from imblearn.over_sampling import SMOTE

    return SMOTEENN(smote=SMOTE(k_neighbors=neighbours(y), random_state=seed), random_state=seed)


def neighbours(y: NDArray[np.int8]) -> int:
    """Return the number of neighbours of SMOTE: five, or all others where there are fewer."""
    return min(NEIGHBOURS, int(np.bincount(y, minlength=2).min()) - 1)


def balanced_weights(y: NDArray[np.int8]) -> NDArray[np.float64]:
    """Return weights that balance the classes, of mean 1; shape (n_rows,)."""
    counts = np.bincount(y, minlength=2)
    return np.asarray((y.size / (2.0 * counts))[y])


def bagging(y: NDArray[np.int8], seed: int) -> Any:
    """Build bags of ten members, each of all of the rarer class and as many of the other."""
    from functools import partial

    from imblearn.ensemble import BalancedBaggingClassifier

    # All rows, without a bootstrap, which may draw no case of a rare class.
    whole = {"bootstrap": False, "max_samples": y.size}
    return partial(BalancedBaggingClassifier, n_estimators=10, n_jobs=1, random_state=seed, **whole)


SAMPLERS: dict[str, Sampler] = {
    "none": Sampler("no resampling", none, least=0, keeps_rows=True),
    "weights": Sampler("class weights", none, least=1, keeps_rows=True, reweights=True),
    "oversampling": Sampler("random oversampling", oversampling, least=1, keeps_rows=True),
    "smote": Sampler("SMOTE", smote, least=2, interpolates=True),
    "borderline": Sampler("borderline SMOTE", borderline, least=2, interpolates=True),
    "adasyn": Sampler("ADASYN", adasyn, least=2, interpolates=True),
    "smoteenn": Sampler("SMOTE-ENN", smoteenn, least=2, interpolates=True),
    "bagging": Sampler("balanced bagging", bagging, least=1),
}

_NOTHING_TO_ADD = ("No samples will be generated", "Not any neigbours belong to the majority class")
"""Beginnings of ADASYN's messages, in its spelling."""


@dataclass(frozen=True, slots=True, eq=False)
class Resampled:
    """Training rows after resampling; the note says what the sampler could not do."""

    x: Floats
    y: NDArray[np.int8]
    weight: Floats
    note: str = ""


def resample(x: Floats, y: NDArray[np.int8], *, sampler: str, seed: int) -> Resampled:
    """Apply a sampler of ``SAMPLERS`` to training rows.

    Rows that it cannot work with (too few of the rarer class, nothing to add, a class cleaned away) are left as
    they are, and the note says so.
    """
    if sampler == "weights":
        return Resampled(x, y, balanced_weights(y))
    same = Resampled(x, y, np.ones(y.size))
    fewest = int(np.bincount(y, minlength=2).min())
    if fewest < SAMPLERS[sampler].least:
        return _unchanged(same, "too few training cases of the rarer class")
    built = SAMPLERS[sampler].build(y, seed)
    if built is None:
        return same
    try:
        new_x, new_y = built.fit_resample(x, y)
    except (ValueError, RuntimeError) as error:
        if not str(error).startswith(_NOTHING_TO_ADD):
            raise
        return _unchanged(same, "it had nothing to add")
    if np.unique(new_y).size < 2:
        return _unchanged(same, "it cleaned a whole class away")
    if fewest < y.size - fewest and np.array_equal(np.bincount(new_y), np.bincount(y)):
        return _unchanged(same, "it had nothing to add")
    note = ""
    if SAMPLERS[sampler].interpolates and neighbours(y) < NEIGHBOURS:
        note = f"used fewer than {NEIGHBOURS} neighbours in some folds: too few training cases of the rarer class"
    return Resampled(np.asarray(new_x), np.asarray(new_y, dtype=np.int8), np.ones(len(new_y)), note)


def repeats(y: NDArray[np.int8], *, seed: int) -> Floats:
    """Count how often random oversampling draws each row: its weight in a booster.

    A weight of two adds to every sum of gradients what two copies would. Two things differ: where rows are
    subsampled, all copies are drawn or none, and the bins are those of the original rows.
    """
    built = SAMPLERS["oversampling"].build(y, seed)
    built.fit_resample(np.zeros((y.size, 1)), y)
    return np.bincount(built.sample_indices_, minlength=y.size).astype(np.float64)


def _unchanged(rows: Resampled, why: str) -> Resampled:
    return Resampled(rows.x, rows.y, rows.weight, f"left the training rows of some folds as they are: {why}")

"""Splits made on the patient: stratified, grouped, repeated."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.errors import InputError

_ATTEMPTS = 50


def repeated_folds(
    y: NDArray[np.int8], group: NDArray[np.int64], *, folds: int = 5, repeats: int = 3, seed: int = 0
) -> NDArray[np.int16]:
    """Assign every row to a test fold, once a repeat, all rows of a patient together.

    Parameters
    ----------
    Returns the fold in which each row is tested, shape (repeats, n_rows).

    Raises
    ------
    InputError
        Fewer patients of a class than folds, or no shuffle found that puts both classes in every fold.
    """
    if folds < 2 or repeats < 1:
        raise InputError(
            f"{folds} folds, {repeats} repeats: nothing to compare on",
            remedy="Use --folds 2 or more and --repeats 1 or more.",
        )
    patients = [np.unique(group[y == value]).size for value in (0, 1)]
    if min(patients) < folds:
        fewest = min(patients)
        raise InputError(
            f"only {fewest} patients have a row with class {patients.index(fewest)}, too few for {folds} folds",
            remedy=f"Use --folds {fewest}." if fewest >= 2 else "At least two patients a class are needed.",
        )
    return np.stack([_assign_repeat(y, group, folds, [seed, repeat]) for repeat in range(repeats)])


def _assign_repeat(y: NDArray[np.int8], group: NDArray[np.int64], folds: int, entropy: list[int]) -> NDArray[np.int16]:
    from sklearn.model_selection import StratifiedGroupKFold

    rows = np.zeros((y.size, 1))
    # The greedy assignment of large groups can leave a small fold with one class: shuffle again.
    for state in np.random.SeedSequence(entropy).generate_state(_ATTEMPTS):
        splitter = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=int(state))
        assigned = np.full(y.size, -1, dtype=np.int16)
        for fold, (_, test) in enumerate(splitter.split(rows, y, group)):
            assigned[test] = fold
        if _both_classes(y, assigned, folds):
            return assigned
    raise InputError(
        f"no shuffle of the patients puts both classes in each of {folds} folds",
        remedy="Use fewer folds: a few patients hold most of the rows of one class.",
    )


def _both_classes(y: NDArray[np.int8], assigned: NDArray[np.int16], folds: int) -> bool:
    counts = np.zeros((folds, 2), dtype=np.int64)
    np.add.at(counts, (assigned, y), 1)
    return bool((counts > 0).all())


def inner_folds(y: NDArray[np.int8], group: NDArray[np.int64], *, folds: int, seed: int) -> NDArray[np.int16]:
    """Split the training rows of a fold once more, by patient.

    Fewer folds than asked for where the rarer class has fewer patients, but two at least.

    Raises
    ------
    InputError
        Fewer than two patients of a class among these rows.
    """
    fewest = min(np.unique(group[y == value]).size for value in (0, 1))
    if fewest < 2:
        raise InputError(
            "the training rows of a fold hold one patient of a class: nothing can be tuned or calibrated",
            remedy="Use more folds, so that more patients are left to train on, or add patients of the rarer class.",
        )
    return _assign_repeat(y, group, min(folds, fewest), [seed, 0x1447E4])


def fold_seed(seed: int, repeat: int, fold: int) -> int:
    """Return the seed of one fold (-1: all patients), which all candidates share."""
    return int(np.random.SeedSequence([seed, repeat, fold + 1]).generate_state(1)[0] & 0x7FFFFFFF)

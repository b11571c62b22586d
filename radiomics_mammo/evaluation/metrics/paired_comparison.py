"""Paired comparisons of candidates with adjusted p-values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.metrics.arrays import Codes, Floats, Labels
from radiomics_mammo.evaluation.metrics.auroc_variance import Difference, obuchowski, paired_difference
from radiomics_mammo.evaluation.metrics.metrics import auroc, curve

ALPHA = 0.05
NO_GAIN, NOT_KNOWN = "no gain", "not known"


def pair_table(
    names: Sequence[str],
    y: Labels,
    p: Floats,
    group: Codes,
    fold_of: NDArray[np.int16],
    *,
    against: str | Mapping[str, str],
    level: float = 0.95,
) -> pd.DataFrame:
    """Compare AUROCs on the same units, over all folds and fold by fold.

    P-values are adjusted over the rows of the table. ``no gain`` means that none is shown, which does not prove that
    there is none. NaN where a variance is unknown.

    ``p`` has shape (n_candidates, n_repeats, n_units); ``against`` is the candidate that all others are compared with,
    or that of each.
    """
    pairs = _pairs(names, against)
    areas, by_fold = obuchowski(y, p, group), fold_aurocs(y, p, fold_of)
    rows = []
    for i, j in pairs:
        overall = paired_difference(areas, i, j, level=level)
        folds = nadeau_bengio(by_fold[i] - by_fold[j], level=level)
        rows.append((names[i], names[j], *_values(overall), *_values(folds)))
    columns = ["difference", "low", "high", "p"]
    table = pd.DataFrame(rows, columns=["model", "against", *columns, *(f"fold_{name}" for name in columns)])
    for source, adjusted in (("p", "p_holm"), ("fold_p", "fold_p_holm")):
        table[adjusted] = holm(table[source].to_numpy(dtype=np.float64))
    table["p_bh"] = benjamini_hochberg(table["p"].to_numpy(dtype=np.float64))
    table["verdict"] = _verdicts(table)
    return table


def _verdicts(table: pd.DataFrame) -> NDArray[np.str_]:
    p, upward = table["p_holm"].to_numpy(dtype=np.float64), table["difference"].to_numpy() > 0
    return np.select([np.isnan(p), (p < ALPHA) & upward, p < ALPHA], [NOT_KNOWN, "gain", "loss"], NO_GAIN)


def _pairs(names: Sequence[str], against: str | Mapping[str, str]) -> list[tuple[int, int]]:
    compared = {name: against for name in names if name != against} if isinstance(against, str) else against
    unknown = sorted({*compared, *compared.values()} - {*names})
    if unknown:
        raise InputError(
            f"no candidate is called {', '.join(unknown)}", remedy=f"Compare with one of these: {', '.join(names)}."
        )
    return [(names.index(model), names.index(other)) for model, other in compared.items()]


def _values(result: Difference) -> tuple[float, float, float, float]:
    return result.value, result.low, result.high, result.p


def holm(p: Floats) -> Floats:
    """Compute Holm's adjusted p-values (1979): family-wise error rate."""
    order, ranked = _ascending(p)
    factor = ranked.size - np.arange(ranked.size)
    return _put_back(p, order, np.maximum.accumulate(ranked * factor))


def benjamini_hochberg(p: Floats) -> Floats:
    """Compute Benjamini and Hochberg's adjusted p-values (1995): FDR."""
    order, ranked = _ascending(p)
    raised = ranked * ranked.size / (np.arange(ranked.size) + 1.0)
    return _put_back(p, order, np.minimum.accumulate(raised[::-1])[::-1])


def _ascending(p: Floats) -> tuple[np.ndarray[tuple[int], np.dtype[np.intp]], Floats]:
    order = np.argsort(p, kind="stable")  # NaN last
    order = order[: np.count_nonzero(~np.isnan(p))]
    return order, p[order]


def _put_back(p: Floats, order: np.ndarray[tuple[int], np.dtype[np.intp]], adjusted: Floats) -> Floats:
    placed = np.full(p.shape, np.nan)
    placed[order] = np.minimum(adjusted, 1.0)
    return placed


def fold_aurocs(y: Labels, p: Floats, fold_of: NDArray[np.int16]) -> Floats:
    """Compute the AUROC of every candidate in every fold of every repeat.

    ``p`` has shape (n_candidates, n_repeats, n_units), the result (n_candidates, n_repeats, n_folds); NaN in a fold
    with one class.
    """
    n_folds = int(fold_of.max()) + 1
    aurocs = np.empty((p.shape[0], p.shape[1], n_folds))
    for repeat, assigned in enumerate(fold_of):
        for fold in range(n_folds):
            rows = assigned == fold
            aurocs[:, repeat, fold] = [auroc(curve(y[rows], each[rows]))[0] for each in p[:, repeat]]
    return aurocs


def nadeau_bengio(differences: Floats, *, level: float = 0.95) -> Difference:
    """Compute Nadeau and Bengio's corrected resampled t-test.

    Nadeau & Bengio (2003), with all folds of all repeats as Bouckaert & Frank (2004) use it: the variance of J
    differences is multiplied by 1/J + 1/(folds - 1) in place of 1/J, on J - 1 degrees of freedom.

    Differences have shape (n_repeats, n_folds); NaN are left out. Interval and p are NaN with fewer than two of them;
    equal differences of 0 have p 1.
    """
    d = differences[~np.isnan(differences)]
    n_folds = differences.shape[-1]
    mean = float(d.mean()) if d.size else float("nan")
    if d.size < 2 or n_folds < 2:
        return Difference(mean, float("nan"), float("nan"), float("nan"))
    error = float(np.sqrt(d.var(ddof=1) * (1.0 / d.size + 1.0 / (n_folds - 1))))
    reach = float(stdtrit(d.size - 1, (1.0 + level) / 2.0)) * error
    if error == 0.0:
        return Difference(mean, mean, mean, 1.0 if mean == 0.0 else 0.0)
    return Difference(mean, mean - reach, mean + reach, float(2.0 * stdtr(d.size - 1, -abs(mean) / error)))

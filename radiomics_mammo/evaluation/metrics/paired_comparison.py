"""Paired comparisons of candidates with adjusted p-values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.metrics.arrays import Codes, Floats, Labels
from radiomics_mammo.evaluation.metrics.auroc_variance import Difference, obuchowski, paired_difference
from radiomics_mammo.evaluation.metrics.corrected_t_test import fold_aurocs, nadeau_bengio
from radiomics_mammo.evaluation.metrics.multiple_testing import benjamini_hochberg, holm

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

    Parameters
    ----------
    p : ndarray of float64, shape (n_candidates, n_repeats, n_units)
    against : str or mapping of str to str
        The candidate that all others are compared with, or for each candidate that is compared the one to compare it
        with.
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

"""Images that are in a table under several patients, detected by content."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.evaluation.cohort.column_roles import is_shape
from radiomics_mammo.evaluation.cohort.parse_cells import format_list, text
from radiomics_mammo.evaluation.cohort.records import Floats

DIGITS = 6
"""Significant digits in which nearly identical rows agree."""
_TELLING = 3
_CHUNK = 2_048
_FEW = 16
_FLAT = ("_firstorder_Range", "_firstorder_Variance")
_NOTHING = -1
_NO_EVIDENCE = np.uint64(0)


def find_duplicates(
    x: Floats, group: NDArray[np.int64], rows: pd.DataFrame, *, features: Sequence[str]
) -> tuple[NDArray[np.int64], list[str]]:
    """Find rows of different patients that show one image.

    Evidence is the same values in every feature that varies and is not shape, in all digits or rounded to
    ``DIGITS``, or the same ``image_path``. A row that holds fewer than three fractions, or equal ones (empty, constant,
    counts only), or a flat region is no evidence: it coincides by chance.

    Parameters
    ----------
    x : ndarray of float64, shape (n_rows, n_features)
    group : ndarray of int64, shape (n_rows,)
        The patient.
    rows : pandas.DataFrame
        ``case_id`` and, where known, ``image_path``.
    features : sequence of str
        Names of the columns of ``x``.

    Returns
    -------
    ties : ndarray of int64, shape (n_ties, 2)
        Pairs of rows, enough to link all patients who share an image.
    remarks : list of str
    """
    near, exact = _contents(x, features, group)
    paths = rows["image_path"].tolist() if "image_path" in rows.columns else []
    files = _shared(np.array([text(path) for path in paths] or [""] * len(rows)), group)
    approximate = np.isin(near, near[(near != _NOTHING) & (exact == _NOTHING)])
    names = rows["case_id"].tolist()
    remarks = [
        *_remark(exact, group, names, "have identical features"),
        *_remark(np.where(approximate, near, _NOTHING), group, names, f"have features that agree in {DIGITS} digits"),
        *_remark(files, group, names, "have the same image_path"),
    ]
    return np.unique(np.concatenate([pairs(near, group), pairs(files, group)]), axis=0), remarks


def link_patients(group: NDArray[np.int64], ties: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return codes in which patients who share an image are one.

    Parameters
    ----------
    group : ndarray of int64, shape (n_rows,)
    ties : ndarray of int64, shape (n_ties, 2)
        Pairs of rows.

    Returns
    -------
    ndarray of int64, shape (n_rows,)
        Codes from 0 in order of first appearance.
    """
    linked = connected_codes(group[ties], int(group.max()) + 1 if group.size else 0)
    return np.asarray(pd.factorize(linked[group])[0], dtype=np.int64)


def connected_codes(pairs: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Return the connected component of each of ``size`` nodes."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(pairs), dtype=np.int8), (pairs[:, 0], pairs[:, 1])), shape=(size, size))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _contents(
    x: Floats, features: Sequence[str], group: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return codes of contents that several patients share; -1 for other rows."""
    outlines = np.array([is_shape(name) for name in features], dtype=np.bool_)
    informative = np.flatnonzero(_varies(x) & ~outlines)
    flat = np.array([features[int(i)].endswith(_FLAT) for i in informative], dtype=np.bool_)
    weights = np.random.default_rng(0).integers(0, 2**64, size=informative.size, dtype=np.uint64) | np.uint64(1)
    keys = np.zeros(len(x), dtype=np.uint64)
    # Rows that agree in all features agree in a few: the others need no full comparison.
    subset = slice(None, None, max(1, informative.size // _FEW))
    likely = np.flatnonzero(_shared(_hashes(_rounded(x[:, informative[subset]]), weights[subset]), group) != _NOTHING)
    for start in range(0, likely.size, _CHUNK):
        rows = likely[start : start + _CHUNK]
        part = x[np.ix_(rows, informative)]
        rounded = _rounded(part)
        # Noise in the last digits makes no fraction; from 10⁵ up, rounded values are whole.
        evidence = _telling(np.where(np.abs(part) < 10.0 ** (DIGITS - 1), rounded, part))
        keys[rows] = np.where(evidence & ~_is_flat(part[:, flat]), _hashes(rounded, weights), _NO_EVIDENCE)
    near = _shared(keys, group)
    exact = np.full(len(x), _NOTHING, dtype=np.int64)
    candidates = np.flatnonzero(near != _NOTHING)
    exact[candidates] = _shared(_hashes(x[np.ix_(candidates, informative)], weights), group[candidates])
    return near, exact


def _varies(x: Floats) -> NDArray[np.bool_]:
    low, high = np.fmin.reduce(x, axis=0, initial=np.inf), np.fmax.reduce(x, axis=0, initial=-np.inf)
    return np.asarray(high > low)


def _telling(part: Floats) -> NDArray[np.bool_]:
    """Find rows with at least three values that are no whole numbers, and not all one."""
    fraction = part != np.floor(part)  # True for NaN
    fraction &= ~np.isnan(part)
    most = np.where(fraction, part, -np.inf).max(axis=1, initial=-np.inf)
    least = np.where(fraction, part, np.inf).min(axis=1, initial=np.inf)
    return np.asarray((fraction.sum(axis=1) >= _TELLING) & (most > least))


def _is_flat(spreads: Floats) -> NDArray[np.bool_]:
    return np.asarray((spreads == 0).any(axis=1))


def _rounded(part: Floats) -> Floats:
    """Return values rounded to ``DIGITS`` digits; values near zero are unchanged."""
    size = np.abs(part)
    scaled = size > 1e-290
    power = DIGITS - 1 - np.floor(np.log10(np.where(scaled, size, 1.0)))
    factor = 10.0 ** np.minimum(power, 300.0)
    return np.where(scaled, np.rint(part * factor) / factor, part)


def _hashes(part: Floats, weights: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return a hash of each row; all NaN are equal, and 0 equals -0."""
    alike = np.where(np.isnan(part), np.nan, part) + 0.0
    mixed = pd.util.hash_array(alike.ravel()).reshape(alike.shape)
    return np.asarray((mixed * weights).sum(axis=1, dtype=np.uint64))


def _shared(keys: NDArray[Any], group: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return codes of keys that several patients share; -1 for others and for 0."""
    codes = np.where((keys == keys.dtype.type()), _NOTHING, pd.factorize(keys)[0]).astype(np.int64)
    shared = np.isin(codes, codes[pairs(codes, group).ravel()])
    return np.where(shared, codes, _NOTHING).astype(np.int64)


def pairs(codes: NDArray[np.int64], group: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the first row of a code with the first row of every other patient.

    Parameters
    ----------
    codes : ndarray of int64, shape (n_rows,)
        What rows have in common; -1 for nothing.
    group : ndarray of int64, shape (n_rows,)
        The patient.

    Returns
    -------
    ndarray of int64, shape (n_ties, 2)
        Pairs of rows, for :func:`link_patients`.
    """
    known = np.flatnonzero(codes != _NOTHING)
    table = pd.DataFrame({"row": known, "code": codes[known], "patient": group[known]})
    table = table.drop_duplicates(["code", "patient"])
    first = table.groupby("code")["row"].transform("first").to_numpy()
    row = table["row"].to_numpy()
    return np.column_stack([first[first != row], row[first != row]]).astype(np.int64)


def _remark(codes: NDArray[np.int64], group: NDArray[np.int64], names: Sequence[object], what: str) -> list[str]:
    rows = np.flatnonzero(codes != _NOTHING)
    if rows.size == 0:
        return []
    patients = np.unique(group[rows]).size
    return [
        f"{rows.size} rows of different patients {what} ({format_list([names[int(i)] for i in rows])}): one image "
        f"under "
        f"several names would leak between folds, so that these {patients} patients are in one group."
    ]

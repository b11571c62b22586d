"""Rules that aggregate the identity columns of images to a breast or a patient."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.errors import InputError
from radiomics_mammo.tables.aggregation.feature_rules import mean_over
from radiomics_mammo.tables.aggregation.grouping import BREAST, Codes, Grouping, group_by
from radiomics_mammo.tables.feature_table import plain

LABELS = ("cancer", "malignant", "biopsy", "invasive", "difficult_negative_case")
ANY = ("implant", "phantom")
SCORES = ("birads", "assessment")
MEANS = ("age", "mask_pixels")
OF_IMAGES = (
    "case_id",
    "image_id",
    "view",
    "abnormality_id",
    "mask_label",
    "flipped",
    "image_rows",
    "image_columns",
)
OF_BREASTS = ("laterality", "prediction_id")
PATHS = ("image_path", "mask_path")
WORST_FIRST = (6, 5, 4, 0, 3, 2, 1)
NOTES_LENGTH = 200

STATED: Mapping[str, str] = {
    ", ".join(LABELS): "the largest value: positive where any image is",
    ", ".join(ANY): "true where it is true of any image",
    "BIRADS, assessment": "the worst, in the order 1 < 2 < 3 < 0 < 4 < 5 < 6: 0 (needs assessment) is the call-back",
    ", ".join(MEANS): "mean of the known values",
    "notes": f"the different notes, joined, {NOTES_LENGTH} characters at most",
    ", ".join(PATHS): "that of the first image",
    ", ".join(OF_IMAGES[1:]): "left out, as they describe one image; for patients laterality and prediction_id, too",
    "others": "the value where all known values agree, else null; the number of nulls is printed",
    "n_images, n_views": "counted",
}
"""The rules in words, for --help and for a table's provenance."""


def identity_of_units(frame: pd.DataFrame, unit: Codes, *, level: str) -> tuple[pd.DataFrame, list[str]]:
    """Aggregate identity columns to one row for each unit.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row an image, identity columns only, with ``patient_id``.
    unit : ndarray of int64, shape (n_rows,)
        Of each row, from 0.
    level : {'breast', 'patient'}

    Returns
    -------
    frame : pandas.DataFrame
        One row a unit, in the order of ``unit``; the table's columns, and ``n_images`` and ``n_views``.
    remarks : list of str
        Where columns disagree.
    """
    groups = group_by(unit)
    gone = OF_IMAGES if level == BREAST else (*OF_IMAGES, *OF_BREASTS)
    columns: dict[str, object] = {}
    remarks = []
    for name in map(str, frame.columns):
        if plain(name) in gone:
            continue
        rule = _RULES.get(plain(name))
        if rule is not None:
            columns[name] = rule(frame[name], groups)
            continue
        columns[name], differing = _agreed(frame[name], groups)
        if differing:
            remarks.append(f"{name} differs within {differing} of {groups.starts.size} units and is null there.")
    columns["n_images"] = _distinct(_images(frame), groups)
    columns["n_views"] = _distinct(frame["view"], groups)
    return pd.DataFrame(columns), remarks


def _images(frame: pd.DataFrame) -> pd.Series:
    """Return what identifies an image: its name, its file, or its row."""
    for name in ("image_id", "image_path"):
        if name in frame.columns and frame[name].notna().all() and (frame[name].astype(str) != "").all():
            return frame[name]
    return pd.Series(np.arange(len(frame)))


def _distinct(column: pd.Series, groups: Grouping) -> NDArray[np.int64]:
    codes = np.asarray(pd.factorize(column)[0], dtype=np.int64)
    unit = np.repeat(np.arange(groups.starts.size), groups.counts)
    pairs = np.unique(np.stack([unit, codes[groups.order]], axis=1), axis=0)
    return np.bincount(pairs[:, 0], minlength=groups.starts.size).astype(np.int64)


def _agreed(column: pd.Series, groups: Grouping) -> tuple[pd.Series, int]:
    """Return the value that a unit's known values agree on, and the number of units in which they do not."""
    codes = np.asarray(pd.factorize(column)[0], dtype=np.int64)[groups.order]  # -1 is null
    high = np.maximum.reduceat(codes, groups.starts)
    low = np.minimum.reduceat(np.where(codes < 0, np.iinfo(np.int64).max, codes), groups.starts)
    differing = (high >= 0) & (low < high)
    values = column.iloc[_first_known(codes >= 0, groups)].reset_index(drop=True)
    if not differing.any():
        return values, 0
    if values.dtype.kind in "iub":  # beside a null whole numbers stay whole
        values = values.convert_dtypes()
    return values.mask(differing), int(differing.sum())


def _first_known(known: NDArray[np.bool_], groups: Grouping) -> Codes:
    """Return the row of each unit's first known value, or its first row; ``known`` is in the groups' order."""
    place = np.arange(known.size)
    first = np.minimum.reduceat(np.where(known, place, known.size), groups.starts)
    return groups.order[np.where(first < known.size, first, groups.starts)]


def _numbers(column: pd.Series, *, remedy: str) -> pd.Series:
    """Return numbers as Float64; a text that is no number is refused, with what the rule needs instead."""
    numbers = pd.to_numeric(column, errors="coerce").astype("Float64")
    empty = column.isna() | (column.astype("string").str.strip() == "").fillna(True)
    wrong = column[numbers.isna() & ~empty]
    if len(wrong):
        raise InputError(
            f"column {column.name!r} holds {str(wrong.iloc[0])!r} where a rule needs numbers (in {len(wrong)} rows)",
            remedy=f"{remedy}, or take the column out of the table.",
        )
    return numbers


def _largest(column: pd.Series, groups: Grouping) -> pd.Series:
    text = column.astype("string").str.strip()
    truth = bool(text.dropna().str.lower().isin(["true", "false"]).all()) and bool(text.notna().any())
    for word, number in (("true", "1"), ("false", "0")):
        text = text.str.replace(rf"(?i)^{word}$", number, regex=True)
    values = _numbers(text, remedy="Write it as 0 and 1, or as true and false")
    known = values.to_numpy(np.float64, na_value=-np.inf)[groups.order]
    high = np.maximum.reduceat(known, groups.starts)
    return _original_type(pd.Series(high).astype("Float64").mask(np.isneginf(high)), truth=truth)


def _original_type(values: pd.Series, *, truth: bool) -> pd.Series:
    """Return numbers as true and false, or as integers, where the column was so."""
    if truth:
        return values.astype("boolean" if values.isna().any() else bool)
    whole = bool((values.dropna() % 1 == 0).all())
    return values.astype(("Int64" if values.isna().any() else "int64") if whole else "Float64")


def _worst(column: pd.Series, groups: Grouping) -> pd.Series:
    values = _numbers(column, remedy="Write the BI-RADS score as a whole number from 0 to 6 (4A, 4B and 4C as 4)")
    rank = values.map({score: len(WORST_FIRST) - place for place, score in enumerate(WORST_FIRST)})
    odd = values[values.notna() & rank.isna()]
    if len(odd):
        raise InputError(
            f"column {column.name!r} holds {odd.iloc[0]:g}, which is no BI-RADS score", remedy="Use 0 to 6."
        )
    high = np.maximum.reduceat(rank.to_numpy(np.float64, na_value=0.0)[groups.order], groups.starts)
    scores = pd.Series([None, *reversed(WORST_FIRST)], dtype="Int64")
    worst = scores.iloc[high.astype(np.int64)].reset_index(drop=True)
    return worst if worst.isna().any() else worst.astype("int64")


def _mean(column: pd.Series, groups: Grouping) -> pd.Series:
    values = _numbers(column, remedy="Write numbers alone (055Y as 55), and leave the cell empty where none is known")
    return pd.Series(mean_over(values.to_numpy(np.float64, na_value=np.nan)[:, None], groups)[:, 0])


def _joined(column: pd.Series, groups: Grouping) -> pd.Series:
    notes = [str(note) if pd.notna(note) and str(note) else "" for note in column.iloc[groups.order]]
    ends = [*groups.starts[1:].tolist(), len(notes)]
    texts = ["; ".join(dict.fromkeys(filter(None, notes[a:b]))) for a, b in zip(groups.starts, ends, strict=True)]
    short = [text if len(text) <= NOTES_LENGTH else f"{text[: NOTES_LENGTH - 1]}…" for text in texts]
    return pd.Series([text or None for text in short], dtype="string")


def _first(column: pd.Series, groups: Grouping) -> pd.Series:
    return column.iloc[groups.order[groups.starts]].reset_index(drop=True)


_RULES: Mapping[str, Callable[[pd.Series, Grouping], object]] = {
    **dict.fromkeys((*LABELS, *ANY), _largest),
    **dict.fromkeys(SCORES, _worst),
    **dict.fromkeys(MEANS, _mean),
    **dict.fromkeys(PATHS, _first),
    "notes": _joined,
}

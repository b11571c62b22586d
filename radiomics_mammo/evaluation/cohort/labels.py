"""From a column of a table to 0 and 1, without guessing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.parse_cells import cell_texts

WORDS = {"0": 0, "1": 1, "false": 0, "true": 1}
"""What a label may hold without a word on what it means, in lower case."""

MISSING = frozenset({"", "unknown", "na", "n/a", "nan", "none", "null", "?", "missing"})
"""Cells without a label, in lower case, unless they are named as positive or negative."""

_SHOWN = 8


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """A parsed label column.

    Attributes
    ----------
    y : ndarray of int8, shape (n_rows,)
        0, 1, or -1 where the cell is empty or says that nothing is known (``MISSING``).
    classes : tuple of (str, str)
        What 0 and 1 are called.
    """

    y: NDArray[np.int8]
    classes: tuple[str, str]


def parse_labels(column: pd.Series, *, positive: Sequence[str] = (), negative: Sequence[str] = ()) -> Labels:
    """Read 0/1, true/false, or text whose positive value is named.

    Parameters
    ----------
    column : pandas.Series
        The label's column; its name is used in messages.
    positive, negative : sequence of str
        Values that mean 1 and 0. ``negative`` may be left out where one other value remains.

    Raises
    ------
    InputError
        The values are neither 0/1 nor named, or only one class is there.
    """
    named = {*positive, *negative}
    entries = [cell if cell in named or cell.lower() not in MISSING else "" for cell in cell_texts(column)]
    values = sorted({cell for cell in entries if cell})
    meaning = _named(column.name, values, positive, negative) if positive else _plain(column.name, values)
    y = np.array([meaning[cell] if cell else -1 for cell in entries], dtype=np.int8)
    labels = Labels(y, _class_names(str(column.name), meaning, named=bool(positive)))
    check_both_classes(labels, column)
    return labels


def check_both_classes(labels: Labels, column: pd.Series) -> None:
    """Refuse labels of which only one class is there.

    Raises
    ------
    InputError
        The message names the column and the values that it does hold.
    """
    if not {0, 1} <= set(labels.y.tolist()):
        values = sorted({cell for cell in cell_texts(column) if cell})
        raise InputError(
            f"label column {column.name!r} holds one class only ({', '.join(values[:_SHOWN]) or 'nothing'})",
            remedy="A comparison needs cases of both classes.",
        )


def _plain(name: object, values: list[str]) -> dict[str, int]:
    invalid = [value for value in values if value.lower() not in WORDS]
    if invalid:
        shown = ", ".join(values[:_SHOWN]) + (", …" if len(values) > _SHOWN else "")
        raise InputError(
            f"label column {name!r} is not 0/1 (it holds {shown})",
            remedy="Name the value that counts as positive, for example: --positive "
            f"{next((v for v in values if v.upper().startswith('MALIG')), values[-1])}",
        )
    return {value: WORDS[value.lower()] for value in values}


def _named(name: object, values: list[str], positive: Sequence[str], negative: Sequence[str]) -> dict[str, int]:
    absent = [value for value in (*positive, *negative) if value not in values]
    if absent:
        raise InputError(
            f"label column {name!r} has no value {', '.join(absent)}",
            remedy=f"Its values: {', '.join(values[:_SHOWN])}.",
        )
    both = sorted(set(positive) & set(negative))
    if both:
        raise InputError(f"named as positive and as negative: {', '.join(both)}", remedy="Choose one.")
    rest = [value for value in values if value not in positive]
    if not negative and len(rest) > 1:
        raise InputError(
            f"label column {name!r} has {len(rest)} values besides {', '.join(positive)}",
            remedy=f"Say which count as negative, for example: --negative {' '.join(rest[:_SHOWN])}",
        )
    unnamed = [value for value in rest if negative and value not in negative]
    if unnamed:
        raise InputError(
            f"label column {name!r} holds values that are neither positive nor negative: {', '.join(unnamed[:_SHOWN])}",
            remedy="Add them to --positive or --negative, or take those rows out of the table.",
        )
    return {value: int(value in positive) for value in values}


def _class_names(label: str, meaning: dict[str, int], *, named: bool) -> tuple[str, str]:
    if named:
        negative, positive = (", ".join(v for v, y in meaning.items() if y == outcome) for outcome in (0, 1))
        return negative, positive
    return ("benign", "malignant") if label == "malignant" else (f"not {label}", label)

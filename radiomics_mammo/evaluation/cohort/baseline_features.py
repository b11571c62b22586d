"""Inputs of the baselines: size, shape, metadata, scanner, assessment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.column_roles import (
    CODES,
    METADATA,
    READING,
    SCANNER,
    SIZE_COLUMNS,
    columns_with_role,
    is_shape,
    is_size,
)
from radiomics_mammo.evaluation.cohort.parse_cells import cell_texts, check_finite, parse_numbers
from radiomics_mammo.evaluation.cohort.records import Block, Floats
from radiomics_mammo.tables.feature_table import plain

MOST_LEVELS = 20
OTHER = "(other)"
"""The level that the rarest ones share."""


def blocks(frame: pd.DataFrame, features: Sequence[str]) -> dict[str, Block]:
    """Encode the columns that the baselines are given.

    Numbers stay as they are; text, and numbers that are names
    (:data:`radiomics_mammo.evaluation.cohort.column_roles.CODES`), become one indicator a level, sorted, of the 20 most
    frequent levels, with the rest together as ``(other)``. An empty cell of text is 0 in all of them. Columns with one
    value are left out.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row a case, with ``case_id``.
    features : sequence of str
        Its feature columns, from which size and shape are taken.

    Returns
    -------
    dict of str to Block
        Of ``size``, ``shape``, ``metadata``, ``scanner`` and ``readers`` those with a column left. ``readers`` is
        the one column ``assessment`` as a score, NaN where it is 0 or empty.

    Raises
    ------
    InputError
        An infinite value.
    """
    columns = {
        "size": [*filter(is_size, features), *columns_with_role(frame.columns, SIZE_COLUMNS)],
        "shape": list(filter(is_shape, features)),
        "metadata": columns_with_role(frame.columns, METADATA),
        "scanner": columns_with_role(frame.columns, SCANNER),
        "radiologists": [
            name for name in columns_with_role(frame.columns, [READING]) if parse_numbers(frame[name]) is not None
        ],
    }
    encoded_blocks = {title: _block(frame, names) for title, names in columns.items()}
    return {title: block for title, block in encoded_blocks.items() if block.names}


def block_remarks(frame: pd.DataFrame, encoded_blocks: Mapping[str, Block]) -> list[str]:
    """Return remarks on values that :func:`blocks` merged or left out."""
    grouped_columns = [
        name.partition("=")[0]
        for block in encoded_blocks.values()
        for name in block.names
        if name.endswith(f"={OTHER}")
    ]
    remarks = [
        f"{name} has more than {MOST_LEVELS} values: the rarest count as one in the baselines."
        for name in grouped_columns
    ]
    text_columns = [name for name in columns_with_role(frame.columns, [READING]) if parse_numbers(frame[name]) is None]
    return remarks + [
        f"{name} is not a number, so that the radiologists' reading is not compared." for name in text_columns
    ]


def encode_as_block(frame: pd.DataFrame, names: Sequence[str]) -> Floats:
    """Encode another table as a block was encoded.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row a case, with ``case_id``.
    names : sequence of str
        A block's names. A level that is not among them is 0 in all of them, or 1 in ``(other)`` where there is one.

    Returns
    -------
    ndarray of float64, shape (n_rows, n_names)

    Raises
    ------
    InputError
        A column is missing, holds text instead of numbers, or an infinite value.
    """
    missing = sorted({_source(frame, name) for name in names} - set(frame.columns))
    if missing:
        raise InputError(
            f"columns that the baselines were made with are missing: {', '.join(missing)}",
            remedy="Add them, empty where unknown.",
        )
    levels: dict[str, list[str]] = {}
    for name in names:
        levels.setdefault(_source(frame, name), []).append(name.partition("=")[2])
    encoded: dict[str, Floats] = {}
    for source, names_of_source in levels.items():
        encoded |= (
            {source: _score(frame, source)} if source in names else _indicators(frame[source], source, names_of_source)
        )
    return _stacked(frame, encoded, names)


def _source(frame: pd.DataFrame, name: str) -> str:
    return name if name in frame.columns else name.partition("=")[0]


def _block(frame: pd.DataFrame, columns: Sequence[str]) -> Block:
    encoded: dict[str, Floats] = {}
    for name in columns:
        if plain(name) not in CODES and parse_numbers(frame[name]) is not None:
            encoded[name] = _score(frame, name)
        else:
            encoded |= _indicators(frame[name], name, _levels(frame[name]))
    names = tuple(name for name, values in encoded.items() if _varies(values))
    return Block(names, _stacked(frame, encoded, names))


def _stacked(frame: pd.DataFrame, encoded: Mapping[str, Floats], names: Sequence[str]) -> Floats:
    x = np.column_stack([encoded[name] for name in names]) if names else np.empty((len(frame), 0))
    check_finite(x, names, frame["case_id"].tolist())
    return np.ascontiguousarray(x)


def _varies(values: Floats) -> bool:
    known = values[~np.isnan(values)]
    return bool(known.size) and bool((known != known[0]).any())


def _score(frame: pd.DataFrame, name: str) -> Floats:
    """Return a numeric column; 0 is no score where the column is the reading."""
    values = parse_numbers(frame[name])
    if values is None:
        raise InputError(
            f"column {name!r} holds text where numbers were before",
            remedy="Write it as in the table that the models were made with.",
        )
    return np.where(values == 0, np.nan, values) if plain(name) == READING else values


def _levels(column: pd.Series) -> list[str]:
    counts = Counter(cell for cell in cell_texts(column) if cell)
    if len(counts) <= MOST_LEVELS:
        return sorted(counts)
    frequent = sorted(counts, key=lambda level: (-counts[level], level))[:MOST_LEVELS]
    return [*sorted(frequent), OTHER]


def _indicators(column: pd.Series, name: str, levels: Sequence[str]) -> dict[str, Floats]:
    entries = np.array(cell_texts(column), dtype=object)
    encoded_blocks = {f"{name}={level}": (entries == level).astype(np.float64) for level in levels if level != OTHER}
    if OTHER in levels:
        known = np.isin(entries.astype(str), ["", *(level for level in levels if level != OTHER)])
        encoded_blocks[f"{name}={OTHER}"] = (~known).astype(np.float64)
    return encoded_blocks

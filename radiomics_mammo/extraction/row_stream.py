"""The finished rows of a table and its parts in the order of the cases, a block at a time: memory does not grow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.extraction.checkpoint_parts import Outcomes, Rows, load_rows, read_identity


@dataclass(frozen=True, slots=True, eq=False)
class RowIndex:
    """Where each row of the table to be lies.

    Attributes
    ----------
    sources : tuple of Outcomes
        The files.
    numbers : ndarray of int64, shape (n_rows,)
        The position of each row's case in the input; ascends.
    source : ndarray of int64, shape (n_rows,)
        Which of ``sources`` holds it.
    row : ndarray of int64, shape (n_rows,)
        Where in it.
    phantom : bool
        Whether any row is simulated.
    repeats : tuple of (int, str)
        Rows that are left out, since a row of an earlier case has their name: the case's position, and the name.
    """

    sources: tuple[Outcomes, ...]
    numbers: NDArray[np.int64]
    source: NDArray[np.int64]
    row: NDArray[np.int64]
    phantom: bool
    repeats: tuple[tuple[int, str], ...]


def index_rows(
    sources: Sequence[Outcomes],
    *,
    owners: Mapping[str, Outcomes],
    positions: Mapping[str, int],
    names: Sequence[str],
) -> RowIndex:
    """Find every row that counts; only its name is read.

    Parameters
    ----------
    sources : sequence of Outcomes
        A table and its parts.
    owners : mapping of str to Outcomes
        Which of them counts for each case.
    positions : mapping of str to int
        The cases' positions in the input.
    names : sequence of str
        All identity columns, in the table's order.
    """
    places: list[tuple[int, int, int]] = []
    row_ids: list[str] = []
    phantom = False
    for which, source in enumerate(sources):
        identity = read_identity(source, names=names, wanted=("case_id", "phantom"))
        case_ids = (entry.case_id for entry in source.entries for _ in range(entry.rows))
        for row, (case_id, (row_id, simulated)) in enumerate(zip(case_ids, identity, strict=True)):
            if owners[case_id] is source:
                places.append((positions[case_id], which, row))
                row_ids.append(str(row_id))
                phantom |= bool(simulated)
    numbers, which_source, rows = np.array(places, dtype=np.int64).reshape(-1, 3).T
    order = np.argsort(numbers, kind="stable")
    seen: set[str] = set()
    kept: list[int] = []
    repeats: list[tuple[int, str]] = []
    for place in order.tolist():
        if row_ids[place] in seen:
            repeats.append((int(numbers[place]), row_ids[place]))
        else:
            seen.add(row_ids[place])
            kept.append(place)
    chosen = np.array(kept, dtype=np.int64)
    return RowIndex(
        tuple(sources), numbers[chosen], which_source[chosen], rows[chosen], phantom=phantom, repeats=tuple(repeats)
    )


def blocks(
    index: RowIndex, *, names: Sequence[str], features: int, size: int
) -> Iterator[tuple[Rows, NDArray[np.float64]]]:
    """Read the rows of the table to be.

    Parameters
    ----------
    index : RowIndex
    names : sequence of str
        All identity columns, in the table's order.
    features : int
        How many there are.
    size : int
        Rows of a block; the last may have fewer.

    Yields
    ------
    rows : list of tuple
        The identity columns of each row.
    values : ndarray of float64, shape (n_rows, features)
        Undefined features are NaN.
    """
    for start in range(0, index.numbers.size, size):
        source, row = index.source[start : start + size], index.row[start : start + size]
        identity: Rows = [()] * row.size
        values = np.empty((row.size, features))
        for which in np.unique(source).tolist():
            places = np.flatnonzero(source == which)
            places = places[np.argsort(row[places], kind="stable")]
            found, values[places] = load_rows(index.sources[which], names=names, wanted=row[places])
            for place, each in zip(places.tolist(), found, strict=True):
                identity[place] = each
        yield identity, values

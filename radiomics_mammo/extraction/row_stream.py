"""The finished rows of a table and its parts in the order of the cases, read block by block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.extraction.checkpoint_parts import Chunk, Rows, load_rows, read_identity


@dataclass(frozen=True, slots=True, eq=False)
class RowIndex:
    """The place of each row of the table in its chunks.

    Attributes
    ----------
    chunks : tuple of Chunk
    numbers : ndarray of int64, shape (n_rows,)
        The position of each row's case in the input; ascends.
    chunk : ndarray of int64, shape (n_rows,)
        Which of ``chunks`` holds it.
    row : ndarray of int64, shape (n_rows,)
        Its number there.
    phantom : bool
        Whether any row is simulated.
    repeats : tuple of (int, str)
        Rows that are left out, since a row of an earlier case has their name: the case's position, and the name.
    """

    chunks: tuple[Chunk, ...]
    numbers: NDArray[np.int64]
    chunk: NDArray[np.int64]
    row: NDArray[np.int64]
    phantom: bool
    repeats: tuple[tuple[int, str], ...]


def index_rows(
    chunks: Sequence[Chunk],
    *,
    chunk_of: Mapping[str, Chunk],
    positions: Mapping[str, int],
    names: Sequence[str],
) -> RowIndex:
    """Find every row that counts; only its name is read.

    Parameters
    ----------
    chunks : sequence of Chunk
    chunk_of : mapping of str to Chunk
        The chunk that counts for each case.
    positions : mapping of str to int
        The cases' positions in the input.
    names : sequence of str
        All identity columns, in the table's order.
    """
    places: list[tuple[int, int, int]] = []
    row_ids: list[str] = []
    phantom = False
    for which, chunk in enumerate(chunks):
        identity = read_identity(chunk, names=names, wanted=("case_id", "phantom"))
        case_ids = (case.case_id for case in chunk.cases for _ in range(case.rows))
        for row, (case_id, (row_id, simulated)) in enumerate(zip(case_ids, identity, strict=True)):
            if chunk_of[case_id] is chunk:
                places.append((positions[case_id], which, row))
                row_ids.append(str(row_id))
                phantom |= bool(simulated)
    numbers, which_chunk, rows = np.array(places, dtype=np.int64).reshape(-1, 3).T
    seen: set[str] = set()
    first: list[int] = []
    repeats: list[tuple[int, str]] = []
    for place in np.argsort(numbers, kind="stable").tolist():
        if row_ids[place] in seen:
            repeats.append((int(numbers[place]), row_ids[place]))
        else:
            seen.add(row_ids[place])
            first.append(place)
    at = np.array(first, dtype=np.int64)
    return RowIndex(tuple(chunks), numbers[at], which_chunk[at], rows[at], phantom=phantom, repeats=tuple(repeats))


def blocks(
    index: RowIndex, *, names: Sequence[str], features: int, size: int
) -> Iterator[tuple[Rows, NDArray[np.float64]]]:
    """Read the rows of the table.

    Parameters
    ----------
    index : RowIndex
    names : sequence of str
        All identity columns, in the table's order.
    features : int
        Number of features.
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
        chunk, row = index.chunk[start : start + size], index.row[start : start + size]
        identity: Rows = [()] * row.size
        values = np.empty((row.size, features))
        for which in np.unique(chunk).tolist():
            places = np.flatnonzero(chunk == which)
            places = places[np.argsort(row[places], kind="stable")]
            rows, values[places] = load_rows(index.chunks[which], names=names, wanted=row[places])
            for place, values_of_row in zip(places.tolist(), rows, strict=True):
                identity[place] = values_of_row
        yield identity, values

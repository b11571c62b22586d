"""Merge the chunks of a checkpoint into the table: the rows in the order of the cases, however they were measured."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from radiomics_mammo.core.records import Case, Failure
from radiomics_mammo.extraction.checkpoint import Checkpoint, read_chunks
from radiomics_mammo.extraction.checkpoint_parts import CASES_KEY, ROWS_REMAIN, CompletedCase, Rows, pack
from radiomics_mammo.extraction.fingerprint import input_fingerprint
from radiomics_mammo.extraction.row_stream import RowIndex, blocks, index_rows
from radiomics_mammo.tables.arrow import ARROW_TYPES, feature_column, scalar_column
from radiomics_mammo.tables.failures import failures_path, write_failures
from radiomics_mammo.tables.feature_table import (
    FORMAT,
    PROVENANCE_KEY,
    encode,
    identity_columns,
)
from radiomics_mammo.tables.table_file import ROW_GROUP_ROWS, table_file

_NUMBER = re.compile(r"\d[\d.,e+-]*")


@dataclass(frozen=True, slots=True)
class Merged:
    """The content of a finished table.

    Attributes
    ----------
    rows : int
        Number of rows.
    phantom : bool
        Whether any of them is simulated.
    failures : tuple of Failure
        Why cases have no row.
    notes : mapping of str to int
        Number of rows with each note; numbers within a note are left out. Empty where nothing was merged.
    in_pixels : int
        Rows without a spacing.
    """

    rows: int
    phantom: bool
    failures: tuple[Failure, ...]
    notes: Mapping[str, int] = field(default_factory=dict)
    in_pixels: int = 0


def merge_parts(
    checkpoint: Checkpoint, *, cases: Sequence[Case], features: Sequence[str], provenance: Mapping[str, Any]
) -> Merged:
    """Write the table and its failures from everything that is done.

    Of two rows with one id the one of the later case becomes a failure.

    Parameters
    ----------
    checkpoint : Checkpoint
    cases : sequence of Case
        All cases of the input, in table order.
    features : sequence of str
        The feature columns.
    provenance : mapping
        Provenance that only the caller knows (recipe, versions, reader, collection).

    Raises
    ------
    OutputError
        The table cannot be written; the parts are still there then.
    """
    chunks = read_chunks(checkpoint)
    positions = {case.case_id: number for number, case in enumerate(cases)}
    # A case may be in several chunks: the last one counts.
    chunk_of = {case.case_id: chunk for chunk in chunks for case in chunk.cases}
    columns = identity_columns(checkpoint.identity.columns)
    names = [name for name, _ in columns]
    index = index_rows(chunks, chunk_of=chunk_of, positions=positions, names=names)
    rows = np.bincount(index.numbers, minlength=len(positions))
    completed = [case for chunk in chunks for case in chunk.cases if chunk_of[case.case_id] is chunk]
    completed.sort(key=lambda case: positions[case.case_id])
    completed = [
        CompletedCase(case.case_id, case.fingerprint, int(rows[positions[case.case_id]])) for case in completed
    ]
    failures = [pair for chunk in chunks for pair in chunk.failures if chunk_of[pair[0]] is chunk]
    # A repeat that an earlier merge found is in its table's failures already, and its row is not.
    failures += [(cases[number].case_id, _repeat(row_id, cases[number])) for number, row_id in index.repeats]
    failures.sort(key=lambda pair: positions[pair[0]])
    phantom = index.phantom or bool(provenance["collection"].get("simulated"))
    record = {
        **provenance,
        "format": FORMAT,
        "identity": checkpoint.identity.record(),
        "created": checkpoint.created,
        "input_fingerprint": input_fingerprint(case.fingerprint for case in completed),
        "phantom": phantom,
        "features": list(features),
    }
    metadata = {PROVENANCE_KEY: encode(record), CASES_KEY: pack(completed, failures)}
    notes, in_pixels = _write(checkpoint, index, columns=columns, features=features, metadata=metadata)
    reasons = tuple(failure for _, failure in failures)
    write_failures(failures_path(checkpoint.out), reasons)
    return Merged(index.numbers.size, phantom, reasons, notes, in_pixels)


def _write(
    checkpoint: Checkpoint,
    index: RowIndex,
    *,
    columns: Sequence[tuple[str, type]],
    features: Sequence[str],
    metadata: Mapping[bytes, bytes],
) -> tuple[Counter[str], int]:
    """Write one row group after the other, so that no more than one is in memory; count notes and missing spacings."""
    notes: Counter[str] = Counter()
    in_pixels = 0
    names = [name for name, _ in columns]
    kinds = [(name, ARROW_TYPES[kind]) for name, kind in columns]
    schema = pa.schema(kinds + [(name, pa.float64()) for name in features])
    n_bytes = index.numbers.size * (len(features) * 8 + len(columns) * 16)
    with table_file(
        checkpoint.out, schema=schema, features=features, metadata=metadata, n_bytes=n_bytes, note=ROWS_REMAIN
    ) as write:
        for rows, values in blocks(index, names=names, features=len(features), size=ROW_GROUP_ROWS):
            table = _table(rows, values, columns, features)
            write(table.replace_schema_metadata(dict(metadata)))
            in_pixels += table["spacing_row_mm"].null_count
            for text in filter(None, table["notes"].to_pylist()):
                notes.update({_NUMBER.sub("…", note) for note in text.split("; ")})
    return notes, in_pixels


def _repeat(row_id: str, case: Case) -> Failure:
    return Failure(
        row_id,
        case.patient_id,
        "read",
        "DuplicateRow",
        "",
        f"another case has a row called {row_id} already",
        "Give the case another case_id.",
    )


def _table(
    rows: Rows, values: NDArray[np.float64], columns: Sequence[tuple[str, type]], features: Sequence[str]
) -> pa.Table:
    arrays = [
        scalar_column(column, kind=kind) for column, (_, kind) in zip(zip(*rows, strict=True), columns, strict=True)
    ]
    arrays += [feature_column(values[:, position]) for position in range(len(features))]
    return pa.table(arrays, names=[*(name for name, _ in columns), *features])

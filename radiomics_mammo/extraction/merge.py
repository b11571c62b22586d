"""Merge the parts into the table: the rows in the order of the cases, whoever measured them and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from radiomics_mammo.core.records import Case, Failure
from radiomics_mammo.extraction.checkpoint import Journal, written
from radiomics_mammo.extraction.checkpoint_parts import KEPT, OUTCOMES_KEY, Entry, Outcomes, Rows, pack
from radiomics_mammo.extraction.fingerprint import input_fingerprint
from radiomics_mammo.extraction.row_stream import RowIndex, blocks, index_rows
from radiomics_mammo.tables.arrow import ARROW_TYPES, feature_column, scalar_column
from radiomics_mammo.tables.failures import failures_path, write_failures
from radiomics_mammo.tables.feature_table import (
    FORMAT,
    PROVENANCE_KEY,
    ROW_GROUP_ROWS,
    encode,
    identity_columns,
    table_file,
)


@dataclass(frozen=True, slots=True)
class Merged:
    """What the finished table holds.

    Attributes
    ----------
    rows : int
        Its rows.
    phantom : bool
        Whether any of them is simulated.
    failures : tuple of Failure
        Why cases have no row.
    """

    rows: int
    phantom: bool
    failures: tuple[Failure, ...]


def merge_parts(journal: Journal, *, cases: Sequence[Case], features: Sequence[str], said: Mapping[str, Any]) -> Merged:
    """Write the table and its failures from everything that is done.

    Of two rows with one id the one of the later case becomes a failure.

    Parameters
    ----------
    journal : Journal
        Where the outcomes are.
    cases : sequence of Case
        All cases of the input, in table order.
    features : sequence of str
        The feature columns.
    said : mapping
        Provenance that only the caller knows (recipe, versions, reader).

    Raises
    ------
    OutputError
        The table cannot be written; the parts are still there then.
    """
    sources = written(journal)
    positions = {case.case_id: number for number, case in enumerate(cases)}
    owners = {entry.case_id: source for source in sources for entry in source.entries}
    columns = identity_columns(journal.identity.columns)
    names = [name for name, _ in columns]
    index = index_rows(sources, owners=owners, positions=positions, names=names)
    done = _entries(sources, owners, positions, index.numbers)
    repeated = [(cases[number].case_id, _repeat(row_id, cases[number])) for number, row_id in index.repeats]
    failures = _failures(sources, owners, positions, repeated)
    phantom = index.phantom or bool(said["collection"].get("simulated"))
    provenance = {
        **said,
        "format": FORMAT,
        "identity": journal.identity.record(),
        "created": journal.created,
        "input_fingerprint": input_fingerprint(entry.fingerprint for entry in done),
        "phantom": phantom,
        "features": list(features),
    }
    metadata = {PROVENANCE_KEY: encode(provenance), OUTCOMES_KEY: pack(done, failures)}
    _write(journal, index, columns=columns, features=features, metadata=metadata)
    reasons = tuple(failure for _, failure in failures)
    write_failures(failures_path(journal.out), reasons)
    return Merged(index.numbers.size, phantom, reasons)


def _write(
    journal: Journal,
    index: RowIndex,
    *,
    columns: Sequence[tuple[str, type]],
    features: Sequence[str],
    metadata: Mapping[bytes, bytes],
) -> None:
    """Write one row group after the other, so that no more than one is in memory."""
    names = [name for name, _ in columns]
    kinds = [(name, ARROW_TYPES[kind]) for name, kind in columns]
    schema = pa.schema(kinds + [(name, pa.float64()) for name in features])
    needs = index.numbers.size * (len(features) * 8 + len(columns) * 16)
    with table_file(journal.out, schema=schema, features=features, metadata=metadata, needs=needs, kept=KEPT) as write:
        for rows, values in blocks(index, names=names, features=len(features), size=ROW_GROUP_ROWS):
            write(_table(rows, values, columns, features).replace_schema_metadata(dict(metadata)))


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


def _entries(
    sources: Sequence[Outcomes],
    owners: Mapping[str, Outcomes],
    positions: Mapping[str, int],
    numbers: NDArray[np.int64],
) -> list[Entry]:
    rows = np.bincount(numbers, minlength=len(positions))
    mine = [entry for source in sources for entry in source.entries if owners[entry.case_id] is source]
    mine.sort(key=lambda entry: positions[entry.case_id])
    return [Entry(entry.case_id, entry.fingerprint, int(rows[positions[entry.case_id]])) for entry in mine]


def _failures(
    sources: Sequence[Outcomes],
    owners: Mapping[str, Outcomes],
    positions: Mapping[str, int],
    repeated: list[tuple[str, Failure]],
) -> list[tuple[str, Failure]]:
    mine = [pair for source in sources for pair in source.failures if owners[pair[0]] is source]
    # A repeat that an earlier merge found is in its table's failures already, and its row is not.
    return sorted([*mine, *repeated], key=lambda pair: positions[pair[0]])


def _table(
    rows: Rows, values: NDArray[np.float64], columns: Sequence[tuple[str, type]], features: Sequence[str]
) -> pa.Table:
    by_column = zip(*rows, strict=True)
    arrays = [scalar_column(cells, kind=kind) for cells, (_, kind) in zip(by_column, columns, strict=True)]
    arrays += [feature_column(values[:, position]) for position in range(len(features))]
    return pa.table(arrays, names=[*(name for name, _ in columns), *features])

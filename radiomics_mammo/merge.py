"""Merge the parts into the table: the rows in the order of the cases, whoever measured them and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from radiomics_mammo.arrow import feature_column, scalar_column
from radiomics_mammo.failures import failures_path, write_failures
from radiomics_mammo.fingerprint import input_fingerprint
from radiomics_mammo.journal import Journal, written
from radiomics_mammo.outcomes import KEPT, OUTCOMES_KEY, Entry, Outcomes, Rows, load_rows, pack
from radiomics_mammo.tables import FORMAT, PROVENANCE_KEY, encode, identity_columns, write_arrow
from radiomics_mammo.types import Case, Failure, Scalar


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


@dataclass(slots=True, eq=False)
class _Rows:
    identity: Rows
    values: NDArray[np.float64]
    numbers: NDArray[np.int64]


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
    rows = _collect(sources, owners, positions, names=[name for name, _ in columns])
    rows, repeated = _without_repeats(rows, cases)
    done = _entries(sources, owners, positions, rows.numbers)
    failures = _failures(sources, owners, positions, repeated)
    simulated = [name for name, _ in columns].index("phantom")
    phantom = any(row[simulated] for row in rows.identity) or said["reader"].get("reader") == "phantom"
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
    write_arrow(_table(rows, columns, features), journal.out, features=features, metadata=metadata, kept=KEPT)
    reasons = tuple(failure for _, failure in failures)
    write_failures(failures_path(journal.out), reasons)
    return Merged(len(rows.identity), phantom, reasons)


def _collect(
    sources: Sequence[Outcomes],
    owners: Mapping[str, Outcomes],
    positions: Mapping[str, int],
    *,
    names: list[str],
) -> _Rows:
    identity: Rows = []
    matrices: list[NDArray[np.float64]] = []
    numbers: list[int] = []
    for source in sources:
        rows, values = load_rows(source, names=names)
        case_ids = [entry.case_id for entry in source.entries for _ in range(entry.rows)]
        mine = [row for row, case_id in enumerate(case_ids) if owners[case_id] is source]
        identity.extend(rows[row] for row in mine)
        matrices.append(values[mine])
        numbers.extend(positions[case_ids[row]] for row in mine)
    joined = np.array(numbers, dtype=np.int64)
    order = np.argsort(joined, kind="stable")
    return _Rows([identity[row] for row in order], np.concatenate(matrices)[order], joined[order])


def _without_repeats(rows: _Rows, cases: Sequence[Case]) -> tuple[_Rows, list[tuple[str, Failure]]]:
    seen: set[Scalar] = set()
    kept: list[int] = []
    failures: list[tuple[str, Failure]] = []
    for row, (row_id, *_) in enumerate(rows.identity):
        if row_id not in seen:
            seen.add(row_id)
            kept.append(row)
        else:
            case = cases[rows.numbers[row]]
            failures.append((case.case_id, _repeat(str(row_id), case)))
    return _Rows([rows.identity[row] for row in kept], rows.values[kept], rows.numbers[kept]), failures


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


def _table(rows: _Rows, columns: Sequence[tuple[str, type]], features: Sequence[str]) -> pa.Table:
    by_column = list(zip(*rows.identity, strict=True)) or [()] * len(columns)
    arrays = [scalar_column(values, kind=kind) for values, (_, kind) in zip(by_column, columns, strict=True)]
    arrays += [feature_column(rows.values[:, position]) for position in range(len(features))]
    return pa.table(arrays, names=[*(name for name, _ in columns), *features])

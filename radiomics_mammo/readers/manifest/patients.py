"""The patients of a manifest, and signs that its lines are not one patient each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from radiomics_mammo.core.column_names import plain
from radiomics_mammo.core.input_table import InputTable
from radiomics_mammo.errors import InputError
from radiomics_mammo.readers.manifest.columns import Columns

_PATIENT_NAME = re.compile(r"pat|subj|study|exam|mrn|accession|participant|client")
_SIDE_OR_VIEW = re.compile(r"(?:^|(?<=[_\-\s.]))(?:l|r|left|right|[lr]?(?:cc|mlo|ml|lm))(?=$|[_\-\s.])", re.IGNORECASE)
_LEAST_ROWS, _MOST_ROWS_EACH = 4, 8


def patient_ids(
    table: InputTable, columns: Columns, ids: Sequence[str], images: Sequence[str], *, path: Path
) -> tuple[list[str], list[str]]:
    """Return the patient of each line, and remarks.

    Raises
    ------
    InputError
        Every line has a patient of its own, but another column shows that patients repeat.
    """
    column = columns.names.get("patient_id")
    given = [row.values[column] if column else "" for row in table.rows]
    first: dict[str, str] = {}
    # Regions of one image are one patient's, whoever that is.
    patients = [
        patient or (first.setdefault(image, case) if image else case)
        for patient, case, image in zip(given, ids, images, strict=True)
    ]
    remarks = []
    if len(set(patients)) == len({image or case for image, case in zip(images, ids, strict=True)}):
        remarks = _repeats(table, columns, ids, path)
    if column is None:
        same = "; regions of one image are one patient's" if len(set(patients)) < len(patients) else ""
        remarks.insert(0, f"no patient_id column: every case counts as a patient of its own when data are split{same}")
    elif "" in given:
        remarks.insert(0, f"{given.count('')} lines have no patient_id: each counts as a patient of its own")
    return patients, remarks


def _repeats(table: InputTable, columns: Columns, ids: Sequence[str], path: Path) -> list[str]:
    """Refuse a table with another column that groups its rows by patient; note case names that do."""
    stated = "every line has another patient_id" if "patient_id" in columns.names else "there is no patient_id"
    for name in table.header:
        values = [row.values[name] for row in table.rows]
        if name not in columns.names.values() and _PATIENT_NAME.search(plain(name)) and _groups(values):
            raise InputError(
                f"{stated}, but the column {name!r} repeats ({len(set(values))} values in {len(values)} lines): images "
                "of one patient would stand in training and test data",
                path=path,
                remedy=f"If {name!r} is the patient, call it patient_id. If every line is a patient of its own, rename "
                "it and add a column patient_id.",
            )
    stems = [_SIDE_OR_VIEW.sub("", name) for name in ids]
    if not _groups(stems):
        return []
    return [
        f"{stated}, but the names of the cases repeat but for side and view ({len(set(stems))} names in {len(stems)} "
        "lines): add a column patient_id before models are compared"
    ]


def _groups(values: Sequence[str]) -> bool:
    rows, distinct = len(values), len(set(values))
    return rows >= _LEAST_ROWS and 1 < distinct <= 0.75 * rows and rows <= _MOST_ROWS_EACH * distinct and all(values)

"""The patients of a manifest, and signs that its lines are not one patient each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from radiomics_mammo.core.input_table import InputTable
from radiomics_mammo.core.patient_names import repeated_patients
from radiomics_mammo.errors import InputError
from radiomics_mammo.readers.manifest.columns import Columns


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
    others = [name for name in table.header if name not in columns.names.values()]
    column = repeated_patients({name: [row.values[name] for row in table.rows] for name in others}, {})
    if column:
        raise InputError(
            f"{stated}, but {column}: images of one patient would stand in training and test data",
            path=path,
            remedy="If that is the patient, call it patient_id. If every line is a patient of its own, rename it and "
            "add a column patient_id.",
        )
    names = repeated_patients({}, {"the name of the case": ids})
    return [f"{stated}, but {names}: add a column patient_id before models are compared"] if names else []

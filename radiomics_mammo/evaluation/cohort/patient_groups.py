"""Patients of a table whose groups are not its patients."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.core.column_names import meaning_of
from radiomics_mammo.core.patient_names import repeated_patients
from radiomics_mammo.evaluation.cohort.column_roles import CODES
from radiomics_mammo.evaluation.cohort.duplicates import link_patients, pairs
from radiomics_mammo.evaluation.cohort.parse_cells import cell_texts

PATIENT = "patient_id"


def table_patient_ids(frame: pd.DataFrame, group: str) -> list[str]:
    """Return the ``patient_id`` of each row beside another group column.

    Returns
    -------
    list of str
        Empty where a row has none, and in all rows where the group is ``patient_id``, where there is no such column,
        or where it repeats ``case_id``, as readers without patients fill it in.
    """
    empty = [""] * len(frame)
    if group == PATIENT or PATIENT not in frame.columns:
        return empty
    patient_ids = cell_texts(frame[PATIENT])
    return empty if "case_id" in frame.columns and patient_ids == cell_texts(frame["case_id"]) else patient_ids


def patient_names(frame: pd.DataFrame, group: str) -> list[str]:
    """Return the patient of each row: the ``patient_id``, else the group.

    Where only some rows have a ``patient_id``, the group's column goes before the others' names, so that
    ``site 7`` is not patient 7. Empty where both are.
    """
    patient_ids, groups = table_patient_ids(frame, group), cell_texts(frame[group])
    before = f"{group} " if any(patient_ids) else ""
    return [name or (f"{before}{other}" if other else "") for name, other in zip(patient_ids, groups, strict=True)]


def merge_groups(groups: Sequence[str], patient_ids: Sequence[str]) -> tuple[NDArray[np.int64], int]:
    """Return codes in which groups that share a patient are one.

    Parameters
    ----------
    groups, own : sequence of str, length n_rows
        Group and patient of each row; an empty patient is shared with no row.

    Returns
    -------
    group : ndarray of int64, shape (n_rows,)
        From 0 in order of first appearance.
    joined : int
        How many of the groups share a patient with another.
    """
    codes = np.asarray(pd.factorize(np.array(groups, dtype=object))[0], dtype=np.int64)
    patients = np.asarray(
        pd.factorize(np.array([name or None for name in patient_ids], dtype=object))[0], dtype=np.int64
    )
    ties = pairs(patients, codes)
    return link_patients(codes, ties), int(np.unique(codes[ties]).size)


def patient_groups(frame: pd.DataFrame, group: str) -> tuple[NDArray[np.int64], list[str]]:
    """Return codes of a table's groups, merged by patient, and remarks.

    Returns
    -------
    group : ndarray of int64, shape (n_rows,)
    remarks : list of str
    """
    patient_ids = table_patient_ids(frame, group)
    codes, joined = merge_groups(cell_texts(frame[group]), patient_ids)
    if joined:
        remark = f"{joined} groups of {group!r} were joined because they share a patient ({PATIENT})."
        return codes, [f"{remark} There are {int(codes.max()) + 1} groups."]
    if group != PATIENT and PATIENT in frame.columns and not any(patient_ids):
        return codes, [
            f"{PATIENT} identifies no patient (it is empty or repeats case_id): a patient is a group of {group!r}."
        ]
    return codes, []


def repeated_in(frame: pd.DataFrame, group: str, *, known: Collection[str] = ()) -> str | None:
    """Say what shows that patients repeat, where every row or image is a group of its own; else None.

    Parameters
    ----------
    frame : pandas.DataFrame
        Identity columns with ``case_id``.
    group : str
        The column of patients.
    known : collection of str
        Columns that hold something else, such as the label.
    """
    groups, _ = merge_groups(cell_texts(frame[group]), table_patient_ids(frame, group))
    cases = cell_texts(frame["case_id"])
    images = cell_texts(frame["image_path"]) if "image_path" in frame.columns else cases
    if np.unique(groups).size < len({image or case for image, case in zip(images, cases, strict=True)}):
        return None
    first = frame.loc[~pd.Series(groups, index=frame.index).duplicated()]
    names = [name for name in first.columns if name == "case_id" or meaning_of(name) == "image"]
    names += ["image_path"] * ("image_path" in first.columns and "image_path" not in names)
    others = [name for name in first.columns if name not in {*names, *known, group, *CODES}]
    return repeated_patients(
        {name: cell_texts(first[name]) for name in others}, {name: cell_texts(first[name]) for name in names}
    )


def draw_by_class(
    positive: NDArray[np.bool_], counts: Mapping[bool, int], rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Draw patients of each class without replacement.

    Parameters
    ----------
    positive : ndarray of bool, shape (n_patients,)
        Whether a patient has a positive row.
    counts : mapping of bool to int
        Patients to draw of each class, in this order; all of them where there are fewer.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of bool, shape (n_patients,)
    """
    drawn = np.zeros(positive.size, dtype=np.bool_)
    for outcome, count in counts.items():
        drawn[rng.permutation(np.flatnonzero(positive == outcome))[:count]] = True
    return drawn

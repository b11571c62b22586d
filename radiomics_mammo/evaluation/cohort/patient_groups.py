"""Who is who where a table's groups are not its patients: a patient is on one side of every split, however grouped."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.evaluation.cohort.duplicates import link_patients, pairs
from radiomics_mammo.evaluation.cohort.parse_cells import cell_texts

PATIENT = "patient_id"


def table_patient_ids(frame: pd.DataFrame, group: str) -> list[str]:
    """Give the table's own ``patient_id`` of each row, where it stands beside another group column.

    Returns
    -------
    list of str
        Empty where a row has none, and in all rows where the group is ``patient_id``, where there is no such column,
        or where it repeats ``case_id``, as readers fill it in that are told of nobody.
    """
    nobody = [""] * len(frame)
    if group == PATIENT or PATIENT not in frame.columns:
        return nobody
    own = cell_texts(frame[PATIENT])
    return nobody if "case_id" in frame.columns and own == cell_texts(frame["case_id"]) else own


def patient_names(frame: pd.DataFrame, group: str) -> list[str]:
    """Name the patient of each row: by the table's own ``patient_id``, else by the group.

    Where only some rows have a ``patient_id``, the group's column goes before the others' names, so that
    ``site 7`` is not patient 7. Empty where both are.
    """
    own, groups = table_patient_ids(frame, group), cell_texts(frame[group])
    before = f"{group} " if any(own) else ""
    return [name or (f"{before}{other}" if other else "") for name, other in zip(own, groups, strict=True)]


def merge_groups(groups: Sequence[str], own: Sequence[str]) -> tuple[NDArray[np.int64], int]:
    """Code the groups, with those that share a patient made one.

    Parameters
    ----------
    groups, own : sequence of str, length n_rows
        The group's name and the patient's own; an empty own name is shared with nobody.

    Returns
    -------
    group : ndarray of int64, shape (n_rows,)
        From 0 in order of first appearance.
    joined : int
        How many of the groups share a patient with another.
    """
    codes = np.asarray(pd.factorize(np.array(groups, dtype=object))[0], dtype=np.int64)
    patients = np.asarray(pd.factorize(np.array([name or None for name in own], dtype=object))[0], dtype=np.int64)
    ties = pairs(patients, codes)
    return link_patients(codes, ties), int(np.unique(codes[ties]).size)


def patient_groups(frame: pd.DataFrame, group: str) -> tuple[NDArray[np.int64], list[str]]:
    """Code a table's groups with those joined that share a patient, and say so.

    Returns
    -------
    group : ndarray of int64, shape (n_rows,)
    remarks : list of str
    """
    own = table_patient_ids(frame, group)
    codes, joined = merge_groups(cell_texts(frame[group]), own)
    if joined:
        said = f"{joined} groups of {group!r} were joined because they share a patient ({PATIENT})."
        return codes, [f"{said} There are {int(codes.max()) + 1} groups."]
    if group != PATIENT and PATIENT in frame.columns and not any(own):
        return codes, [f"{PATIENT} names nobody (it is empty or repeats case_id): a patient is a group of {group!r}."]
    return codes, []

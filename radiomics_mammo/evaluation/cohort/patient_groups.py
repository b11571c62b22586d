"""Who is who where a table's groups are not its people: a person is on one side of every split, however grouped."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.evaluation.cohort.duplicates import link_people, pairs
from radiomics_mammo.evaluation.cohort.parse_cells import texts

PERSON = "patient_id"


def own_people(frame: pd.DataFrame, group: str) -> list[str]:
    """Give the table's own ``patient_id`` of each row, where it stands beside another group column.

    Returns
    -------
    list of str
        Empty where a row has none, and in all rows where the group is ``patient_id``, where there is no such column,
        or where it repeats ``case_id``, as readers fill it in that are told of nobody.
    """
    nobody = [""] * len(frame)
    if group == PERSON or PERSON not in frame.columns:
        return nobody
    own = texts(frame[PERSON])
    return nobody if "case_id" in frame.columns and own == texts(frame["case_id"]) else own


def people_names(frame: pd.DataFrame, group: str) -> list[str]:
    """Name the person of each row: by the table's own ``patient_id``, else by the group.

    Where only some rows have a ``patient_id``, the group's column goes before the others' names, so that
    ``site 7`` is not person 7. Empty where both are.
    """
    own, groups = own_people(frame, group), texts(frame[group])
    before = f"{group} " if any(own) else ""
    return [name or (f"{before}{other}" if other else "") for name, other in zip(own, groups, strict=True)]


def join_people(groups: Sequence[str], own: Sequence[str]) -> tuple[NDArray[np.int64], int]:
    """Code the groups, with those that share a person made one.

    Parameters
    ----------
    groups, own : sequence of str, length n_rows
        The group's name and the person's own; an empty own name is shared with nobody.

    Returns
    -------
    group : ndarray of int64, shape (n_rows,)
        From 0 in order of first appearance.
    joined : int
        How many of the groups share a person with another.
    """
    codes = np.asarray(pd.factorize(np.array(groups, dtype=object))[0], dtype=np.int64)
    people = np.asarray(pd.factorize(np.array([name or None for name in own], dtype=object))[0], dtype=np.int64)
    ties = pairs(people, codes)
    return link_people(codes, ties), int(np.unique(codes[ties]).size)


def grouped(frame: pd.DataFrame, group: str) -> tuple[NDArray[np.int64], list[str]]:
    """Code a table's groups with those joined that share a person, and say so.

    Returns
    -------
    group : ndarray of int64, shape (n_rows,)
    remarks : list of str
    """
    own = own_people(frame, group)
    codes, joined = join_people(texts(frame[group]), own)
    if joined:
        said = f"{joined} groups of {group!r} were joined because they share a person ({PERSON})."
        return codes, [f"{said} There are {int(codes.max()) + 1} groups."]
    if group != PERSON and PERSON in frame.columns and not any(own):
        return codes, [f"{PERSON} names nobody (it is empty or repeats case_id): a person is a group of {group!r}."]
    return codes, []

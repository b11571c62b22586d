"""The official split of CBIS-DDSM, as the column ``split`` of its tables has it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.parse_cells import cell_texts, format_list
from radiomics_mammo.evaluation.cohort.patient_groups import patient_names

SPLIT, TYPE = "split", "abnormality_type"
_SIDES = ("train", "test")


def official_test_rows(frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Find the rows of the official test set.

    Parameters
    ----------
    frame : pandas.DataFrame
        With ``case_id`` and ``split``, which says ``train`` or ``test`` in every row.

    Returns
    -------
    ndarray of bool, shape (n_rows,)

    Raises
    ------
    InputError
        The column is missing, holds something else, or says one of the two nowhere.
    """
    if SPLIT not in frame.columns:
        raise InputError(
            f"the official split needs a column {SPLIT!r}, which the table lacks",
            remedy="Extract the table with --reader cbis-ddsm, or name a test table with --test.",
        )
    values = np.array([cell.lower() for cell in cell_texts(frame[SPLIT])])
    odd = ~np.isin(values, _SIDES)
    if odd.any():
        held = sorted({repr(str(value)) for value in values[odd]})
        raise InputError(
            f"column {SPLIT!r} holds {format_list(held)} in {int(odd.sum())} rows "
            f"({format_list(frame.loc[odd, 'case_id'].tolist())})",
            remedy="Every row has to say train or test.",
        )
    for side in _SIDES:
        if not (values == side).any():
            raise InputError(
                f"column {SPLIT!r} says {side} in no row",
                remedy="Extract both splits into one table, or name a test table with --test.",
            )
    return np.asarray(values == "test")


def lesion_type_remarks(frame: pd.DataFrame, group: str, tested: NDArray[np.bool_]) -> list[str]:
    """Count patients with lesions of both types, and those of them who train in one and test in the other.

    Parameters
    ----------
    frame : pandas.DataFrame
        With ``abnormality_type``; nothing is said where there is no such column.
    group : str
        What rows are grouped by; patients are told apart by their own ``patient_id`` where it is another.
    tested : ndarray of bool, shape (n_rows,)
        From :func:`official_test_rows`.

    Returns
    -------
    list of str
        One remark, or none.
    """
    if TYPE not in frame.columns:
        return []
    rows = pd.DataFrame({"patient": patient_names(frame, group), "type": cell_texts(frame[TYPE]), "tested": tested})
    patients = rows[rows["type"] != ""].groupby("patient").agg(types=("type", "nunique"), splits=("tested", "nunique"))
    both = patients["types"] > 1
    if not both.any():
        return []
    kinds = " and ".join(sorted(set(rows["type"]) - {""}))
    across = int((both & (patients["splits"] > 1)).sum())
    return [f"{int(both.sum())} patients have lesions of both types ({kinds}); {across} of them are in both splits."]

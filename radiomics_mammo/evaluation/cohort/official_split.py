"""The official split of CBIS-DDSM, as the column ``split`` of its tables has it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.parse_cells import cell_texts, format_list
from radiomics_mammo.evaluation.cohort.patient_groups import patient_names

SPLIT, TYPE = "split", "abnormality_type"
_PARTS = ("train", "test")


def official_test_rows(frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Find the rows of the official test set.

    Parameters
    ----------
    frame : pandas.DataFrame
        With ``case_id`` and ``split``, ``train`` or ``test`` in every row.

    Returns
    -------
    ndarray of bool, shape (n_rows,)

    Raises
    ------
    InputError
        The column is missing, holds something else, or only one of the two.
    """
    if SPLIT not in frame.columns:
        raise InputError(
            f"the official split needs a column {SPLIT!r}, which the table lacks",
            remedy="Extract the table with --reader cbis-ddsm, or name a test table with --test.",
        )
    values = np.array([cell.lower() for cell in cell_texts(frame[SPLIT])])
    invalid = ~np.isin(values, _PARTS)
    if invalid.any():
        unknown_values = sorted({repr(str(value)) for value in values[invalid]})
        raise InputError(
            f"column {SPLIT!r} holds {format_list(unknown_values)} in {int(invalid.sum())} rows "
            f"({format_list(frame.loc[invalid, 'case_id'].tolist())})",
            remedy="Write train or test in every row.",
        )
    for part in _PARTS:
        if not (values == part).any():
            raise InputError(
                f"column {SPLIT!r} holds no {part}",
                remedy="Extract both splits into one table, or name a test table with --test.",
            )
    return np.asarray(values == "test")


def lesion_type_remarks(frame: pd.DataFrame, group: str, tested: NDArray[np.bool_]) -> list[str]:
    """Count patients with lesions of both types, and those in both splits.

    Parameters
    ----------
    frame : pandas.DataFrame
        With ``abnormality_type``; no remark without that column.
    group : str
        Group column; patients are identified by ``patient_id`` where it is another.
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

"""A data set from a list of cases: types, label, levels, units."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from radiomics_mammo.core.records import Case
from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.metrics.arrays import Codes
from radiomics_mammo.reports.dataset_summary.base import Dataset
from radiomics_mammo.reports.dataset_summary.columns import count_infinite, describe, find_label, levels_of, typed
from radiomics_mammo.tables.feature_table import is_feature_name


def cases_frame(cases: Iterable[Case]) -> pd.DataFrame:
    """Return cases as a table: case_id, patient_id, the reader's columns."""
    rows = [{"case_id": case.case_id, "patient_id": case.patient_id, **case.columns} for case in cases]
    return pd.DataFrame(rows, dtype=object)


def read_dataset(
    frame: pd.DataFrame,
    *,
    name: str,
    declared: Sequence[tuple[str, type]] = (),
    remarks: Sequence[str] = (),
    phantom: bool = False,
) -> Dataset:
    """Read types, label, levels and units of a list of cases; features are left aside."""
    missing = [each for each in ("case_id", "patient_id") if each not in frame.columns]
    if missing or frame.empty:
        raise InputError(
            f"the list of cases has no {' and no '.join(missing) if missing else 'case'}",
            remedy="Check the collection's path and what was selected of it.",
        )
    features = [column for column in frame.columns if is_feature_name(str(column))]
    frame = frame.drop(columns=features)
    aside = [f"{len(features)} columns of features are left aside: the summary is of what is known of the cases"]
    table = typed(frame, (("case_id", str), ("patient_id", str), *declared))
    label, y = find_label(table)
    units = _units(table)
    columns = describe(table, label, units["patient"])
    return Dataset(
        name=name,
        frame=table,
        columns=columns,
        levels={each.name: levels_of(table[each.name], each.kind) for each in columns.values() if each.countable},
        label=label,
        y=y,
        group=units["patient"],
        units=units,
        phantom=phantom,
        remarks=(*remarks, *(aside if features else ())),
        infinite=count_infinite(frame, table),
    )


def _units(frame: pd.DataFrame) -> dict[str, Codes]:
    """Code what each row is part of."""
    lesions, pictured = "abnormality_id" in frame.columns, "image_id" in frame.columns
    sided, viewed = "laterality" in frame.columns, "view" in frame.columns
    codes: dict[str, Codes] = {}
    if lesions or not pictured:
        codes["lesion" if lesions else "case"] = np.arange(len(frame), dtype=np.int64)
    if pictured:
        codes["image"] = _codes(frame, ["patient_id", "image_id"])
    elif lesions and sided and viewed:
        codes["image"] = _codes(frame, ["patient_id", "laterality", "view"])
    if sided:
        codes["breast"] = _codes(frame, ["patient_id", "laterality"])
    codes["patient"] = _codes(frame, ["patient_id"])
    return codes


def _codes(frame: pd.DataFrame, names: list[str]) -> Codes:
    return np.asarray(frame.groupby(names, sort=False, dropna=False).ngroup().to_numpy(np.int64))

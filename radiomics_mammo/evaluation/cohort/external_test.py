"""A training and a test cohort from two tables, without common patients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.cohort import check_columns, mixture_remarks, prepare_cohort
from radiomics_mammo.evaluation.cohort.column_roles import METADATA, READING, SCANNER, SIZE_COLUMNS, columns_with_role
from radiomics_mammo.evaluation.cohort.duplicates import find_duplicates, link_patients
from radiomics_mammo.evaluation.cohort.labels import Labels, check_both_classes, parse_labels
from radiomics_mammo.evaluation.cohort.near_duplicates import near_duplicates
from radiomics_mammo.evaluation.cohort.parse_cells import TOO_LARGE, cell_texts, numbers
from radiomics_mammo.evaluation.cohort.patient_groups import merge_groups, table_patient_ids
from radiomics_mammo.evaluation.cohort.records import Cohort, Floats
from radiomics_mammo.evaluation.cohort.target import Target


@dataclass(frozen=True, slots=True, eq=False)
class SourceTable:
    """Rows that are one side.

    Attributes
    ----------
    path : pathlib.Path
        The file that they are from, for messages.
    frame : pandas.DataFrame
        One row a case.
    """

    path: Path
    frame: pd.DataFrame


@contextmanager
def with_table_path(path: str | Path) -> Iterator[None]:
    """Add the path of the table to errors in its content."""
    try:
        yield
    except InputError as error:
        raise InputError(error.cause, path=error.path or path, remedy=error.remedy) from error


def separate_patients(
    features: Sequence[str], train: SourceTable, test: SourceTable, *, target: Target
) -> tuple[Cohort, Cohort, list[str]]:
    """Build both cohorts; patients of the test set are left out of the training set.

    Parameters
    ----------
    features : sequence of str
        The training table's feature columns, which the test table has as well.
    train, test : Part
    question : Question
        Its labels mean the same on both sides.

    Returns
    -------
    train, test : Cohort
        The test cohort has the features and blocks of the training cohort.
    remarks : list of str
        How many patients were left out, by name and by content.

    Raises
    ------
    InputError
        A side is unfit, or no patient is left to train on.
    """
    for part in (train, test):
        with with_table_path(part.path):
            check_columns(part.frame, features, target)
    train_labels, test_labels = _common_labels(train, test, target)
    remaining, remarks = _remaining_rows(features, train, test, target, tested=test_labels.y >= 0)
    hidden, column_notes = _hidden(train, test)
    with with_table_path(train.path):
        if not remaining.any():
            raise InputError(
                "all its patients are in the test set as well",
                remedy="Choose another test table, or check the column that --group names.",
            )
        frame = train.frame.loc[remaining].reset_index(drop=True)
        labels = Labels(train_labels.y[remaining], train_labels.classes)
        trained = prepare_cohort(frame, features, target=target, labels=labels, hidden=hidden)
    with with_table_path(test.path):
        frame = test.frame.reset_index(drop=True)
        tested = prepare_cohort(frame, features, target=target, labels=test_labels, like=trained)
    if not any(mixture_remarks(part.frame) for part in (train, test)):  # else each cohort says so
        both = pd.concat([part.frame for part in (train, test)], ignore_index=True)
        remarks += [f"Training and test set: {remark}" for remark in mixture_remarks(both)]
    near, of = near_duplicates(trained.x, tested.x, trained.group)
    if near:
        remarks.append(
            f"{near} of {of} rows of the test set are almost equal to a training row, as rounded values "
            "are: where they show the same patients, the results on the test set are too optimistic."
        )
    return trained, tested, [*remarks, *column_notes]


def _common_labels(train: SourceTable, test: SourceTable, target: Target) -> tuple[Labels, Labels]:
    """Parse both label columns as one, so that values mean the same."""
    columns = [part.frame[target.label] for part in (train, test)]
    both = pd.Series([cell for column in columns for cell in column.tolist()], name=target.label, dtype=object)
    with with_table_path(train.path):
        parsed = parse_labels(both, positive=target.positive, negative=target.negative)
    n_train = len(train.frame)
    train_test = Labels(parsed.y[:n_train], parsed.classes), Labels(parsed.y[n_train:], parsed.classes)
    for part, labels, column in zip((train, test), train_test, columns, strict=True):
        with with_table_path(part.path):
            check_both_classes(labels, column)
    return train_test


def _remaining_rows(
    features: Sequence[str], train: SourceTable, test: SourceTable, target: Target, *, tested: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], list[str]]:
    """Find the training rows of patients who are not in the test set."""
    n_train = len(train.frame)
    names = [name for part in (train, test) for name in cell_texts(part.frame[target.group])]
    patient_ids = [name for part in (train, test) for name in table_patient_ids(part.frame, target.group)]
    patients, _ = merge_groups(names, patient_ids)
    rows = [part.frame.reindex(columns=["case_id", "image_path"]) for part in (train, test)]
    x = np.concatenate([_values(part, features) for part in (train, test)])
    ties, _ = find_duplicates(x, patients, pd.concat(rows, ignore_index=True), features=features)
    linked = link_patients(patients, ties)
    by_name, by_any = (np.isin(code[:n_train], code[n_train:][tested]) for code in (patients, linked))
    remarks = []
    for excluded, reason in (
        (by_name, "are in the test set as well"),
        (by_any & ~by_name, "share an image, by its content or path, with a patient of the test set"),
    ):
        if excluded.any():
            n_patients = np.unique(patients[:n_train][excluded]).size
            remarks.append(f"{n_patients} patients {reason}: their {int(excluded.sum())} training rows were left out.")
    return ~by_any, remarks


def _values(part: SourceTable, features: Sequence[str]) -> Floats:
    with with_table_path(part.path):
        x = np.column_stack([numbers(part.frame, name) for name in features])
    return np.where(np.abs(x) > TOO_LARGE, np.nan, x)


def _hidden(train: SourceTable, test: SourceTable) -> tuple[list[str], list[str]]:
    """Find the baselines' columns that the test table lacks: none may use them."""
    roles = (*METADATA, *SCANNER, *SIZE_COLUMNS, READING)
    hidden = [name for name in columns_with_role(train.frame.columns, roles) if name not in test.frame.columns]
    if not hidden:
        return [], []
    return hidden, [f"The test table lacks {', '.join(hidden)}: the baselines do without."]

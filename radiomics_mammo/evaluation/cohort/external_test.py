"""Two tables made two cohorts, with nobody in both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.cohort import Question, check_columns, prepare_cohort
from radiomics_mammo.evaluation.cohort.column_roles import METADATA, READING, SCANNER, SIZE_COLUMNS, among
from radiomics_mammo.evaluation.cohort.duplicates import find_ties, link_patients
from radiomics_mammo.evaluation.cohort.labels import Labels, parse_labels, refuse_one_class
from radiomics_mammo.evaluation.cohort.parse_cells import numbers, refuse_infinite, texts
from radiomics_mammo.evaluation.cohort.patient_groups import join_patients, own_patients
from radiomics_mammo.evaluation.cohort.records import Cohort, Floats


@dataclass(frozen=True, slots=True, eq=False)
class Part:
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
def naming(path: str | Path) -> Iterator[None]:
    """Add a table's path to what is wrong with its content."""
    try:
        yield
    except InputError as error:
        raise InputError(error.cause, path=error.path or path, remedy=error.remedy) from error


def keep_apart(
    features: Sequence[str], train: Part, test: Part, *, question: Question
) -> tuple[Cohort, Cohort, list[str]]:
    """Make a training and a test cohort; who is in the test set is left out of the training set.

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
        A side is unfit, or nobody is left to train on.
    """
    for part in (train, test):
        with naming(part.path):
            check_columns(part.frame, features, question)
    of_train, of_test = _one_meaning(train, test, question)
    kept, remarks = _kept(features, train, test, question, tested=of_test.y >= 0)
    hidden, said = _hidden(train, test)
    with naming(train.path):
        if not kept.any():
            raise InputError(
                "everybody in it is in the test set as well",
                remedy="Choose another test table, or check the column that --group names.",
            )
        frame = train.frame.loc[kept].reset_index(drop=True)
        labels = Labels(of_train.y[kept], of_train.classes)
        trained = prepare_cohort(frame, features, question=question, labels=labels, hidden=hidden)
    with naming(test.path):
        frame = test.frame.reset_index(drop=True)
        tested = prepare_cohort(frame, features, question=question, labels=of_test, like=trained)
    return trained, tested, [*remarks, *said]


def _one_meaning(train: Part, test: Part, question: Question) -> tuple[Labels, Labels]:
    """Parse both label columns as one: a side may lack one of several values that count as negative."""
    columns = [part.frame[question.label] for part in (train, test)]
    both = pd.Series([cell for column in columns for cell in column.tolist()], name=question.label, dtype=object)
    with naming(train.path):
        found = parse_labels(both, positive=question.positive, negative=question.negative)
    n_train = len(train.frame)
    sides = Labels(found.y[:n_train], found.classes), Labels(found.y[n_train:], found.classes)
    for part, labels, column in zip((train, test), sides, columns, strict=True):
        with naming(part.path):
            refuse_one_class(labels, column)
    return sides


def _kept(
    features: Sequence[str], train: Part, test: Part, question: Question, *, tested: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], list[str]]:
    """Find the training rows of patients whom no tested row shows, by name or by content."""
    n_train = len(train.frame)
    names = [name for part in (train, test) for name in texts(part.frame[question.group])]
    own = [name for part in (train, test) for name in own_patients(part.frame, question.group)]
    patients, _ = join_patients(names, own)
    rows = [part.frame.reindex(columns=["case_id", "image_path"]) for part in (train, test)]
    x = np.concatenate([_values(part, features) for part in (train, test)])
    ties, _ = find_ties(x, patients, pd.concat(rows, ignore_index=True), features=features)
    linked = link_patients(patients, ties)
    by_name, by_any = (np.isin(code[:n_train], code[n_train:][tested]) for code in (patients, linked))
    remarks = []
    for lost, why in (
        (by_name, "are in the test set as well"),
        (by_any & ~by_name, "share an image, by its content or path, with somebody in the test set"),
    ):
        if lost.any():
            n_patients = np.unique(patients[:n_train][lost]).size
            remarks.append(f"{n_patients} patients {why}: their {int(lost.sum())} training rows were left out.")
    return ~by_any, remarks


def _values(part: Part, features: Sequence[str]) -> Floats:
    with naming(part.path):
        x = np.column_stack([numbers(part.frame, name) for name in features])
        refuse_infinite(x, features, part.frame["case_id"].tolist())
    return x


def _hidden(train: Part, test: Part) -> tuple[list[str], list[str]]:
    """Find the baselines' columns that the test table lacks: none may use them."""
    roles = (*METADATA, *SCANNER, *SIZE_COLUMNS, READING)
    hidden = [name for name in among(train.frame.columns, roles) if name not in test.frame.columns]
    if not hidden:
        return [], []
    return hidden, [f"The test table lacks {', '.join(hidden)}: the baselines do without."]

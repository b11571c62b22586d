"""From a table to the arrays of a cohort, with all checks."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.baseline_features import block_remarks, blocks, encode_as_block
from radiomics_mammo.evaluation.cohort.duplicates import find_duplicates, link_patients
from radiomics_mammo.evaluation.cohort.feature_matrix import feature_matrix
from radiomics_mammo.evaluation.cohort.labels import Labels, check_both_classes, parse_labels
from radiomics_mammo.evaluation.cohort.parse_cells import cell_texts, format_list
from radiomics_mammo.evaluation.cohort.patient_groups import patient_groups, patient_names, repeated_in
from radiomics_mammo.evaluation.cohort.prediction_units import make_units
from radiomics_mammo.evaluation.cohort.records import Block, Cohort, Floats
from radiomics_mammo.evaluation.cohort.target import Target
from radiomics_mammo.tables.feature_table import embedder_of, is_embedding

_MIXTURES = {
    "presentation_intent_type": "grey values of the two kinds cannot be compared.",
    "spacing_unit": "sizes in millimetres and in pixels cannot be compared.",
}
"""Columns of a feature table of which one value is expected, and what two mean."""


def prepare_cohort(
    frame: pd.DataFrame,
    features: Sequence[str],
    *,
    target: Target,
    labels: Labels | None = None,
    like: Cohort | None = None,
    hidden: Collection[str] = (),
) -> Cohort:
    """Check a table against a question and turn it into arrays.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row a case.
    features : sequence of str
        Its feature columns. Nothing else becomes a feature unless ``question.also_features`` names it.
    question : Question
        Label, group, unit, and what is let in or out.
    labels : Labels, optional
        Of the frame's rows, where they were parsed together with another table's.
    like : Cohort, optional
        The training cohort that this one is tested against: it decides the features and the blocks.
    hidden : collection of str
        Columns that the blocks may not use.

    Raises
    ------
    InputError
        Naming the column and rows at fault, and the remedy.
    """
    check_columns(frame, features, target)
    frame, y, classes, remarks = _labelled(frame, target, labels)
    _refuse_null_groups(frame, target.group)
    x, names, usable, feature_notes = feature_matrix(
        frame,
        like.columns if like else features,
        also=() if like else target.also_features,
        never=(target.label, target.group),
        keep_empty=like is not None,
    )
    if not usable.all():
        frame, y = frame.loc[usable].reset_index(drop=True), y[usable]
        check_both_classes(Labels(y, classes), frame[target.label])
    identity = [name for name in frame.columns if name not in set(features)]
    rows = _identity_rows(frame[identity], target.group)
    patients, group_notes = patient_groups(frame, target.group)
    duplicate_pairs, duplicate_notes = find_duplicates(x, patients, rows, features=names)
    group = link_patients(patients, duplicate_pairs)
    block_map, block_notes = _blocks(frame, features, like=like, hidden=hidden)
    x, names, embedded = _split_embeddings(x, names)
    return Cohort(
        x=x,
        y=y,
        group=group,
        features=names,
        rows=rows,
        label=target.label,
        group_column=target.group,
        classes=classes,
        units=make_units(rows, y, group, kind=target.unit, rule=target.aggregate),
        blocks=block_map,
        remarks=(*remarks, *feature_notes, *group_notes, *duplicate_notes, *block_notes, *mixture_remarks(rows)),
        embedded=embedded,
    )


def _split_embeddings(x: Floats, names: tuple[str, ...]) -> tuple[Floats, tuple[str, ...], Block | None]:
    """Return features without embeddings, and the embeddings by embedder.

    Raises
    ------
    InputError
        A value of an embedding is missing.
    """
    positions = [i for i, name in enumerate(names) if is_embedding(name)]
    if not positions:
        return x, names, None
    order = list(dict.fromkeys(embedder_of(names[i]) for i in positions))
    positions.sort(key=lambda i: order.index(embedder_of(names[i])))
    embedded = Block(tuple(names[i] for i in positions), np.ascontiguousarray(x[:, positions]))
    null = np.isnan(embedded.x).any(axis=1)
    if null.any():
        raise InputError(
            f"embeddings are null in {int(null.sum())} rows, where a network always gives a number",
            remedy="Make the table again with python -m radiomics_mammo.embed.",
        )
    plain = [i for i, name in enumerate(names) if not is_embedding(name)]
    if not plain:
        return embedded.x, embedded.names, embedded
    return np.ascontiguousarray(x[:, plain]), tuple(names[i] for i in plain), embedded


def check_columns(frame: pd.DataFrame, features: Sequence[str], target: Target) -> None:
    """Raise an error for missing rows, label, patients or unique case names.

    Raises
    ------
    InputError
        Naming the column, or the rows.
    """
    identity = [name for name in frame.columns if name not in set(features)]
    _need_columns(frame, identity, target)
    _refuse_duplicates(frame)
    repeats = target.group != "case_id" and repeated_in(frame[identity], target.group, known=(target.label,))
    if repeats:
        raise InputError(
            f"every row has a patient of its own in {target.group!r}, but {repeats}: images of one patient would stand "
            "in training and test data",
            remedy="Name the column of patients with --group, or add a column patient_id. If every row is a patient of "
            "its own, say so with --group case_id.",
        )


def _need_columns(frame: pd.DataFrame, identity: list[str], target: Target) -> None:
    if target.label not in frame.columns:
        binary = [name for name in identity if frame[name].nunique() == 2 and name != "phantom"]
        raise InputError(
            f"no column is called {target.label!r} to be the label",
            remedy=f"Columns with two values: {format_list(binary) or 'none'}. "
            f"All columns besides features: {', '.join(identity)}.",
        )
    if target.group not in frame.columns:
        raise InputError(
            f"no column is called {target.group!r} to group by patient",
            remedy=f"Name one with --group, or rename it {target.group}; columns besides features: "
            f"{', '.join(identity)}.",
        )
    if "case_id" not in frame.columns:
        raise InputError("the table has no column case_id", remedy="Add one that names every row once.")
    if target.label == target.group:
        raise InputError("label and group are the same column", remedy="Choose another --group.")
    if len(frame) == 0:
        raise InputError("the table has no rows", remedy="See the failures table beside it for the reasons.")


def _refuse_duplicates(frame: pd.DataFrame) -> None:
    if frame["case_id"].isna().any():
        raise InputError(f"case_id is empty in {int(frame['case_id'].isna().sum())} rows", remedy="Fill it in.")
    repeated = frame.loc[frame["case_id"].duplicated(), "case_id"].unique().tolist()
    if repeated:
        raise InputError(
            f"case_id is not unique: {format_list(repeated)}",
            remedy="Every row needs its own case_id; take the repeated rows out.",
        )


def _refuse_null_groups(frame: pd.DataFrame, group: str) -> None:
    null = np.array(cell_texts(frame[group])) == ""
    if null.any():
        raise InputError(
            f"group column {group!r} is empty in {int(null.sum())} rows "
            f"({format_list(frame.loc[null, 'case_id'].tolist())})",
            remedy="Every row needs its patient, or the split leaks: fill it in, or take the rows out.",
        )


def _labelled(
    frame: pd.DataFrame, target: Target, labels: Labels | None
) -> tuple[pd.DataFrame, NDArray[np.int8], tuple[str, str], list[str]]:
    column = frame[target.label]
    if labels is None:
        labels = parse_labels(column, positive=target.positive, negative=target.negative)
    check_both_classes(labels, column)
    known = labels.y >= 0
    missing = int((~known).sum())
    if missing and not target.drop_unlabelled:
        raise InputError(
            f"label column {target.label!r} is empty or unknown in {missing} rows "
            f"({format_list(frame.loc[~known, 'case_id'].tolist())})",
            remedy="Fill it in, or leave those rows out with --drop-unlabelled.",
        )
    remarks = [f"{missing} rows without a label were left out."] if missing else []
    return frame.loc[known].reset_index(drop=True), labels.y[known], labels.classes, remarks


def _identity_rows(identity: pd.DataFrame, group: str) -> pd.DataFrame:
    rows = identity.copy()
    rows["case_id"] = rows["case_id"].astype(str)
    rows["patient_id"] = patient_names(identity, group)
    for name in [column for column in rows.columns if rows[column].dtype.kind == "O"]:
        rows[name] = rows[name].map(str, na_action="ignore")  # Parquet wants one type a column
    return rows[["case_id", "patient_id", *(n for n in rows.columns if n not in ("case_id", "patient_id"))]]


def mixture_remarks(rows: pd.DataFrame) -> list[str]:
    """Return a remark for each column that says that rows were measured on values of two kinds."""
    remarks = []
    for name, consequence in _MIXTURES.items():
        counts = rows[name].dropna().value_counts() if name in rows else pd.Series(dtype=int)
        if len(counts) > 1:
            kinds = ", ".join(f"{value} in {count} rows" for value, count in counts.items())
            remarks.append(f"{name} is {kinds}: {consequence}")
    return remarks


def _blocks(
    frame: pd.DataFrame, features: Sequence[str], *, like: Cohort | None, hidden: Collection[str]
) -> tuple[dict[str, Block], list[str]]:
    if like is not None:
        return {
            name: Block(block.names, encode_as_block(frame, block.names)) for name, block in like.blocks.items()
        }, []
    visible = frame[[name for name in frame.columns if name not in hidden]]
    block_map = blocks(visible, features)
    return block_map, block_remarks(visible, block_map)

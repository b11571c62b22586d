"""Training and test sets without a common patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.cohort import check_columns, prepare_cohort
from radiomics_mammo.evaluation.cohort.external_test import SourceTable, separate_patients, with_table_path
from radiomics_mammo.evaluation.cohort.feature_definition import same_definition
from radiomics_mammo.evaluation.cohort.feature_matrix import resolve_extra_features
from radiomics_mammo.evaluation.cohort.join import embeddings_in, read_joined
from radiomics_mammo.evaluation.cohort.official_split import lesion_type_remarks, official_test_rows
from radiomics_mammo.evaluation.cohort.parse_cells import format_list
from radiomics_mammo.evaluation.cohort.records import Cohort
from radiomics_mammo.evaluation.cohort.target import Target
from radiomics_mammo.tables.feature_table import Table


@dataclass(frozen=True, slots=True, eq=False)
class TrainTest:
    """Training and test cohort, and the tables that they are from.

    Attributes
    ----------
    train : Cohort
        What is cross-validated and what final models are fitted on.
    test : Cohort or None
        Held out, with the features and blocks of ``train``; None where there is none.
    table : Table
        The joined tables; with an official split both sides of it.
    test_table : Table or None
        The joined test tables, where they were named.
    remarks : tuple of str
        On joining and on patients in both sets; each cohort has its own remarks.
    """

    train: Cohort
    test: Cohort | None
    table: Table
    test_table: Table | None
    remarks: tuple[str, ...]


def read_train_test(
    tables: Sequence[str | Path],
    *,
    target: Target,
    test: Sequence[str | Path] = (),
    official: bool = False,
) -> TrainTest:
    """Read tables and build the training and the test cohort.

    Patients who are in the test set, by name or because an image of theirs is there under another name, are left out
    of the training set: never the reverse, so that the test set stays what others test on.

    Parameters
    ----------
    tables : sequence of path
        Joined on ``case_id`` (see :func:`radiomics_mammo.evaluation.cohort.join.read_joined`).
    question : Question
    test : sequence of path
        The same for a held-out or external set: features missing there are refused, further ones not used.
    official : bool
        Take the test set from the column ``split``, ``train`` or ``test`` as CBIS-DDSM has it.

    Raises
    ------
    InputError
        A table is unfit, made with another recipe or engine definition than the other, or no patient is left to train
        on.
    """
    if test and official:
        raise InputError("a test table and the official split exclude each other", remedy="Choose --test or --split.")
    table, path = read_joined(tables, used=_used(target)), Path(tables[0])
    table = replace(table, remarks=(*table.remarks, *_training_overlap(table)))
    if test:
        return _with_test_table(table, path, test, target)
    with with_table_path(path):
        if not official:
            cohort = prepare_cohort(table.frame, table.features, target=target)
            return TrainTest(cohort, None, table, None, table.remarks)
        check_columns(table.frame, table.features, target)
        tested = official_test_rows(table.frame)
        remarks = lesion_type_remarks(table.frame, target.group, tested)
    train_test = (SourceTable(path, table.frame.loc[rows].reset_index(drop=True)) for rows in (~tested, tested))
    train, held_out, more = separate_patients(table.features, *train_test, target=target)
    return TrainTest(train, held_out, table, None, (*table.remarks, *remarks, *more))


def _training_overlap(table: Table) -> list[str]:
    """Return a remark on embeddings by weights trained on the same collection."""
    parts = [table.provenance, *table.provenance.get("joined", ())]
    collections = {(part.get("collection") or {}).get("name", "") for part in parts} - {""}
    return [
        f"The weights of {network['name']} were trained on {', '.join(network.get('trained_on') or ())}, which "
        f"these cases are "
        "from: results with its embeddings do not carry over to other patients."
        for network in embeddings_in(table.provenance)
        if network.get("forced") or collections & {*(network.get("trained_on") or ())}
    ]


def _used(target: Target) -> tuple[str, ...]:
    return target.label, target.group, *target.also_features


def _with_test_table(table: Table, path: Path, test: Sequence[str | Path], target: Target) -> TrainTest:
    other, other_path = read_joined(test), Path(test[0])
    other = replace(other, remarks=(*other.remarks, *(f"Test set: {remarks}" for remarks in _training_overlap(other))))
    with with_table_path(other_path):
        _refuse_others(table, other, target, path)
    extra = [name for name in other.features if name not in table.features]
    remarks = [f"{len(extra)} features are in the test table only and were not used: {format_list(extra)}."] * bool(
        extra
    )
    parts = SourceTable(path, table.frame), SourceTable(other_path, other.frame.drop(columns=extra))
    train, held_out, more = separate_patients(table.features, *parts, target=target)
    return TrainTest(train, held_out, table, other, (*table.remarks, *other.remarks, *remarks, *more))


def _refuse_others(table: Table, other: Table, target: Target, path: Path) -> None:
    """Refuse a test table whose features are not those of the training table."""
    differs = same_definition(table.provenance, other.provenance)
    if differs:
        raise InputError(
            f"made otherwise than {path}: {differs}",
            remedy="Extract both with one recipe, and both with pyradiomics or neither.",
        )
    with with_table_path(path):
        also = resolve_extra_features(table.frame, target.also_features)
    missing = [name for name in (*table.features, *also) if name not in other.frame.columns]
    if missing:
        raise InputError(
            f"{len(missing)} features of {path} are missing: {format_list(missing)}",
            remedy="Extract both with one recipe, and join the same tables on both sides.",
        )

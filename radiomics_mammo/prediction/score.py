"""Predict new cases with a saved model: score, probability, call, certified verdict, and reasons for doubt."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.core.column_names import meaning_of
from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.feature_definition import same_definition
from radiomics_mammo.evaluation.cohort.parse_cells import TOO_LARGE, cell_texts, format_list, numbers
from radiomics_mammo.evaluation.cohort.patient_groups import (
    PATIENT,
    merge_groups,
    patient_names,
    repeated_in,
    table_patient_ids,
)
from radiomics_mammo.evaluation.cohort.prediction_units import aggregate, make_units
from radiomics_mammo.evaluation.cohort.records import Units
from radiomics_mammo.evaluation.out_of_distribution.case_check import MOSTLY
from radiomics_mammo.prediction.distribution_check import DistributionCheck, check_distribution
from radiomics_mammo.prediction.verdicts import NO_PATIENT, highest_p, verdicts_of, withhold
from radiomics_mammo.runs.model_metadata import Certificate, ModelFacts
from radiomics_mammo.runs.saved_model import SavedModel
from radiomics_mammo.tables.feature_table import Table

Floats = NDArray[np.float64]

IN_TRAINING = "in training: not an independent prediction"
_SHOWN = 8


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Predictions of some cases.

    Attributes
    ----------
    predictions : pandas.DataFrame
        One row a unit: case_id, patient_id, cases (number of rows), score (raw), p (calibrated),
        training_prevalence, call, p_patient (the highest p of the patient's units; null where no patient is named),
        verdict (of the patient: the same in all rows), typicality, out_of_distribution (codes), reasons (see
        :class:`radiomics_mammo.prediction.distribution_check.DistributionCheck`), out_of_range (number of features),
        out_of_range_features, null_features, in_training (null where unknown), remark, data (``real`` or ``phantom``).
    failures : pandas.DataFrame
        One row a case that has no prediction: case_id, patient_id, cause, remedy.
    warnings : tuple of str
        What must be known before the predictions are used.
    distribution : DistributionCheck or None
        None where the model does not hold its training distribution, or nothing was scored.
    """

    predictions: pd.DataFrame
    failures: pd.DataFrame
    warnings: tuple[str, ...]
    distribution: DistributionCheck | None


def check_table(facts: ModelFacts, table: Table, *, trusted: bool, paths: Sequence[Path] = ()) -> None:
    """Check that the features of a table are those that the model was trained on.

    Parameters
    ----------
    facts : ModelFacts
    table : Table
    trusted : bool
        Accept a table that does not state how it was made.
    paths : sequence of pathlib.Path
        The files that were joined, for messages.

    Raises
    ------
    InputError
        Another recipe or engine, or none is recorded; the message names the file and the settings.
    """
    difference = same_definition(facts.provenance, table.provenance)
    path = next((path for path in paths if f" of {path.name} such as " in difference), next(iter(paths), None))
    if difference:
        raise InputError(
            f"made with another recipe or engine than the model's table (the model's against this one's: {difference})",
            path=path,
            remedy="Extract this table with the model's recipe (recipe_text in the run's run.json) and engine, or name "
            "a run that was trained on tables like it: the same column would hold other numbers.",
        )
    recorded = [bool(provenance.get("recipe_hash")) for provenance in (facts.provenance, table.provenance)]
    if not all(recorded) and not trusted:
        which = "this table" if recorded[0] else "the table that the model was trained on"
        raise InputError(
            f"{which} does not state with which recipe and engine it was made",
            path=path,
            remedy="Its columns may hold other numbers under the same names (bin width, resampling, another "
            "library's definitions). If you know that they agree, say so with --trust-table.",
        )


def score_table(
    model: SavedModel,
    table: Table,
    *,
    certificate: Certificate | None,
    training_patients: Collection[str] | None,
    single: bool = False,
) -> Scored:
    """Compute scores of a table's rows, aggregate them by unit, calibrate and call.

    Calls are by unit. The verdict is by patient, as the certificate is: from the highest p of the patient's units.

    Parameters
    ----------
    model : SavedModel
    table : Table
        Checked by :func:`check_table`.
    certificate : Certificate or None
        Decides the verdicts.
    training_patients : collection of str, or None
        ``patient_id`` of the patients that the model was trained on; None where unknown.
    single : bool
        The only row is a patient, named or not.

    Raises
    ------
    InputError
        A column is missing or not numeric, a case is twice, or the unit's columns are missing.
    """
    facts = model.facts
    frame = table.frame
    if facts.group not in frame.columns and meaning_of(facts.group) == PATIENT and PATIENT in frame.columns:
        frame = frame.assign(**{facts.group: frame[PATIENT]})
    rows, patients = _identified(frame, facts, single=single)
    x = _matrix(model, rows)
    reasons = _reasons(model, rows, x, single=single)
    raw = np.full(len(rows), np.nan)
    usable = ~np.isin(np.arange(len(rows)), list(reasons))
    if usable.any():
        raw[usable] = model.fitted.score(x[usable])
    for row in np.flatnonzero(~np.isfinite(raw)).tolist():
        reasons.setdefault(row, ("the model's score is not a finite number", "Check the values of the row."))
    valid = ~np.isin(np.arange(len(rows)), list(reasons))
    failures = _failures(rows, reasons)
    subset = rows.loc[valid].reset_index(drop=True)
    # Labels are unknown, and none is needed.
    unlabelled = np.zeros(len(subset), dtype=np.int8)
    units = make_units(subset, unlabelled, patients[valid], kind=facts.unit, rule=facts.rule)
    incomplete = np.isin(units.group, patients[~valid]) & (units.group != NO_PATIENT)
    subject = "patient" if facts.group == PATIENT else facts.group
    subject += " (if the region is all there is)" if single else ""
    predictions = _scores(model, x[valid], raw[valid], units, training_patients=training_patients)
    after = predictions.columns.tolist().index("call") + 1
    predictions.insert(after, "p_patient", highest_p(predictions["p"].to_numpy(), units.group))
    verdicts = verdicts_of(predictions["p_patient"].tolist(), incomplete, certificate=certificate, subject=subject)
    check = _check(model, x[valid], subset, units, predictions)
    predictions.insert(after + 1, "verdict", withhold(verdicts, check, units.group, given=certificate is not None))
    for place, (name, values) in enumerate(({} if check is None else check.columns()).items()):
        predictions.insert(after + 2 + place, name, values)
    predictions["data"] = _data(subset, units.of, phantom=facts.phantom)
    warnings = [
        *table.remarks,
        *_warnings(model, subset, training_patients=training_patients),
        *(check.warnings() if check else ()),
    ]
    if incomplete.any() and facts.unit != "lesion":
        warnings.append("Some patients lack a row that could not be scored: their prediction is that of the others.")
    new_nulls = _by_unit(_new_nulls(model, x[valid]), units.of, len(units.rows))
    if new_nulls.any():
        names = _names(np.asarray(new_nulls.any(axis=0)), facts.features)
        warnings.append(
            f"{int(new_nulls.any(axis=1).sum())} of {len(predictions)} predictions lack features that no training row "
            f"lacked ({names}): they count as out of range, and no verdict is given on their patients."
        )
    overlap = int((predictions["remark"] != "").sum())
    if overlap:
        warnings.append(f"{overlap} of {len(predictions)} predictions are of patients that it was trained on.")
    return Scored(predictions, failures, tuple(warnings), check)


def _check(
    model: SavedModel, x: Floats, rows: pd.DataFrame, units: Units, predictions: pd.DataFrame
) -> DistributionCheck | None:
    if model.distribution is None or not len(rows):
        return None
    new = ~predictions["in_training"].fillna(False).to_numpy(np.bool_)
    return check_distribution(
        model.distribution, x, rows, units, scores=predictions["score"].to_numpy(np.float64), new=new
    )


def _identified(frame: pd.DataFrame, facts: ModelFacts, *, single: bool) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """Check ``case_id``, name the patient ``patient_id``, and code the patients of the verdicts."""
    if len(frame) == 0:
        raise InputError("the table has no rows", remedy="See the failures table beside it for the reasons.")
    if "case_id" not in frame.columns:
        raise InputError("the table has no column case_id", remedy="Add one that names every row once.")
    twice = frame.loc[frame["case_id"].duplicated(), "case_id"].unique().tolist()
    if twice:
        raise InputError(f"case_id is not unique: {format_list(twice)}", remedy="Keep one row of each.")
    if facts.group not in frame.columns and facts.unit != "lesion":
        raise InputError(
            f"the model predicts by {facts.unit}, and no column is called {facts.group!r}",
            remedy="Add the column that names the patient.",
        )
    named = facts.group in frame.columns
    names = patient_names(frame, facts.group) if named else cell_texts(frame.get(PATIENT, pd.Series([""] * len(frame))))
    patients = _patients(frame, facts.group) if named else np.full(len(frame), NO_PATIENT, dtype=np.int64)
    rows = frame.assign(case_id=cell_texts(frame["case_id"]), patient_id=names).reset_index(drop=True)
    return rows, np.zeros(1, dtype=np.int64) if single else patients


def _patients(frame: pd.DataFrame, group: str) -> NDArray[np.int64]:
    """Return codes of the patients as the certificate counted them; -1 for none."""
    groups, ids = cell_texts(frame[group]), table_patient_ids(frame, group)
    distinct = [name or f"\0{row}" for row, name in enumerate(groups)]  # rows that name no group share none
    patients, _ = merge_groups(distinct, ids)
    unnamed = np.array([not (name or other) for name, other in zip(groups, ids, strict=True)], dtype=np.bool_)
    return np.where(unnamed, NO_PATIENT, patients)


def _matrix(model: SavedModel, rows: pd.DataFrame) -> Floats:
    wanted = model.facts.features
    missing = [name for name in wanted if name not in rows.columns]
    if missing:
        raise InputError(
            f"{len(missing)} of the {len(wanted)} features that the model takes are missing: {format_list(missing)}",
            remedy="Extract the cases with the model's recipe, and join the tables that it was trained on.",
        )
    return np.column_stack([numbers(rows, name) for name in wanted])


def _new_nulls(model: SavedModel, x: Floats) -> NDArray[np.bool_]:
    """Return which values are null in a feature that was null in no training row, as far as is known."""
    usual = ~np.isnan(model.facts.low)
    never_null = usual if model.distribution is None else usual & model.distribution.never_null
    return np.asarray(np.isnan(x) & never_null)


def _mostly_null(model: SavedModel, x: Floats) -> NDArray[np.bool_]:
    """Return which rows lack all features, or more than half of them and one that no training row lacks."""
    usual = ~np.isnan(model.facts.low)
    n_null = (np.isnan(x) & usual).sum(axis=1)
    mostly = (n_null > MOSTLY * usual.sum()) & _new_nulls(model, x).any(axis=1)
    return np.asarray((n_null == usual.sum()) | mostly)


def _reasons(model: SavedModel, rows: pd.DataFrame, x: Floats, *, single: bool) -> dict[int, tuple[str, str]]:
    """Return cause and remedy of the rows that cannot be scored."""
    facts, again = model.facts, "extract the case again"
    reasons = {}
    for row in np.flatnonzero(_mostly_null(model, x)).tolist():
        cause = f"{int(np.isnan(x[row]).sum())} of the {len(facts.features)} features that the model takes are null"
        reasons[row] = (cause, f"Check the region and {again}, or fill in the features.")
    for row in np.flatnonzero((np.abs(x) > TOO_LARGE).any(axis=1)).tolist():
        names = [facts.features[int(i)] for i in np.flatnonzero(np.abs(x[row]) > TOO_LARGE)]
        cause = f"values that are infinite or beyond {TOO_LARGE:.2g} in {format_list(names)}"
        reasons[row] = (cause, f"Leave the cell empty where a feature is undefined, or {again}.")
    if facts.unit != "lesion" and not single:
        for row in np.flatnonzero(rows["patient_id"] == "").tolist():
            cause = f"the model predicts by {facts.unit}, and this row names no patient"
            reasons.setdefault(row, (cause, f"Fill in {facts.group}."))
    return reasons


def _failures(rows: pd.DataFrame, reasons: Mapping[int, tuple[str, str]]) -> pd.DataFrame:
    failed = sorted(reasons)
    causes, remedies = [reasons[row][0] for row in failed], [reasons[row][1] for row in failed]
    return rows.loc[failed, ["case_id", "patient_id"]].assign(cause=causes, remedy=remedies)


def _scores(
    model: SavedModel, x: Floats, raw: Floats, units: Units, *, training_patients: Collection[str] | None
) -> pd.DataFrame:
    facts, fitted = model.facts, model.fitted
    score = aggregate(raw, units.of, facts.rule) if len(x) else np.zeros(0)
    p = fitted.calibrator(score)
    outside, null = facts.outside(x) | _new_nulls(model, x), np.isnan(x)
    outside, null = (_by_unit(part, units.of, len(units.rows)) for part in (outside, null))
    patients = units.rows["patient_id"].tolist()
    known = [
        pd.NA if training_patients is None or not patient else patient in training_patients for patient in patients
    ]
    return pd.DataFrame(
        {
            "case_id": units.rows["case_id"].tolist(),
            "patient_id": patients,
            "cases": units.rows["cases"].tolist() if "cases" in units.rows else 1,
            "score": score,
            "p": p,
            "training_prevalence": facts.prevalence,
            "call": np.where(p >= fitted.threshold, facts.classes[1], facts.classes[0]),
            "out_of_range": outside.sum(axis=1),
            "out_of_range_features": [_names(row, facts.features) for row in outside],
            "null_features": null.sum(axis=1),
            "in_training": pd.array(known, dtype="boolean"),
            "remark": [IN_TRAINING if value is True else "" for value in known],
        }
    )


def _by_unit(flags: NDArray[np.bool_], of: NDArray[np.int64], n_units: int) -> NDArray[np.bool_]:
    if n_units == len(flags):  # each row is a unit
        return flags
    order = np.argsort(of, kind="stable")
    return np.logical_or.reduceat(flags[order], np.searchsorted(of[order], np.arange(n_units)), axis=0)


def _names(outside: NDArray[np.bool_], names: Sequence[str]) -> str:
    return format_list([names[int(i)] for i in np.flatnonzero(outside)], most=_SHOWN)


def _data(rows: pd.DataFrame, of: NDArray[np.int64], *, phantom: bool) -> NDArray[np.str_]:
    simulated = np.full(len(rows), phantom)
    simulated |= _phantom_rows(rows)
    units = np.zeros(int(of.max()) + 1 if of.size else 0, dtype=np.bool_)
    np.logical_or.at(units, of, simulated)
    return np.where(units, "phantom", "real")


def _phantom_rows(rows: pd.DataFrame) -> NDArray[np.bool_]:
    if "phantom" not in rows.columns:
        return np.zeros(len(rows), dtype=np.bool_)
    return np.isin([cell.lower() for cell in cell_texts(rows["phantom"])], ["true", "1"])


def _warnings(model: SavedModel, rows: pd.DataFrame, *, training_patients: Collection[str] | None) -> list[str]:
    warnings = list(model.notes)
    if model.distribution is None:
        warnings.append("Not checked: whether the cases are like the training cases, no summary of which is saved.")
    simulated = _phantom_rows(rows)
    if model.facts.phantom and not simulated.all():
        warnings.append(
            "PHANTOM MODEL ON REAL CASES: it was trained on simulated images and knows nothing of patients. "
            "These numbers must not be used for anything but trying the software."
        )
    if simulated.any() and not model.facts.phantom:
        warnings.append(f"{int(simulated.sum())} of {len(rows)} rows are simulated (phantom).")
    if training_patients is None or not any(cell_texts(rows["patient_id"])):
        warnings.append("Whether any of these patients was trained on is not known.")
    group = next((name for name in (model.facts.group, PATIENT) if name in rows.columns), "case_id")
    identity = [name for name in rows.columns if name not in set(model.facts.features)]
    repeats = len(rows) > 0 and group != "case_id" and repeated_in(rows[identity], group)
    if repeats:
        warnings.append(
            f"Every row counts as a patient of its own, but {repeats}: verdicts are by row, not by patient."
        )
    return warnings

"""New cases through a saved model: raw score, probability, call, certified verdict, and what to doubt."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.feature_definition import same_definition
from radiomics_mammo.evaluation.cohort.parse_cells import TOO_LARGE, cell_texts, format_list, numbers
from radiomics_mammo.evaluation.cohort.patient_groups import PATIENT, merge_groups, patient_names, table_patient_ids
from radiomics_mammo.evaluation.cohort.prediction_units import aggregate, make_units
from radiomics_mammo.evaluation.cohort.records import Units
from radiomics_mammo.runs.model_metadata import Certificate, ModelFacts
from radiomics_mammo.runs.saved_model import SavedModel
from radiomics_mammo.tables.feature_table import Table

Floats = NDArray[np.float64]

IN_TRAINING = "in training: not an independent prediction"
_NAMED = 8
_NONE = -1


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """What came of some cases.

    Attributes
    ----------
    predictions : pandas.DataFrame
        One row a unit: case_id, patient_id, cases (rows that it is made of), score (raw), p (calibrated),
        training_prevalence, call, p_patient (the highest p of all the patient's units; null where none is named),
        verdict (of the patient: the same in all her rows), out_of_range (number of features), out_of_range_features,
        null_features, in_training (null where not known), remark, data (``real`` or ``phantom``).
    failures : pandas.DataFrame
        One row a case that has no prediction: case_id, patient_id, cause, remedy.
    warnings : tuple of str
        What whoever reads the predictions has to know first.
    """

    predictions: pd.DataFrame
    failures: pd.DataFrame
    warnings: tuple[str, ...]


def check_table(facts: ModelFacts, table: Table, *, trusted: bool, path: Path | None = None) -> None:
    """Refuse a table whose features are not the ones that the model was trained on.

    Parameters
    ----------
    facts : ModelFacts
    table : Table
    trusted : bool
        Whether the user vouches for a table that does not say how it was made.
    path : pathlib.Path, optional
        For messages.

    Raises
    ------
    InputError
        Another recipe or engine definition, nothing that tells, or columns are missing.
    """
    said = same_definition(facts.provenance, table.provenance)
    if said:
        raise InputError(
            f"made with another recipe or engine than the model's table ({said})",
            path=path,
            remedy="Extract it again with the model's recipe (recipe_text in the run's run.json) and engine: the "
            "same column would hold other numbers.",
        )
    known = [bool(one.get("recipe_hash")) for one in (facts.provenance, table.provenance)]
    if not all(known) and not trusted:
        which = "this table" if known[0] else "the table that the model was trained on"
        raise InputError(
            f"{which} does not say with which recipe and engine it was made",
            path=path,
            remedy="Its columns may hold other numbers under the same names (bin width, resampling, another "
            "library's definitions). If you know that they agree, say so with --trust-table.",
        )


def score_table(
    model: SavedModel,
    table: Table,
    *,
    certificate: Certificate | None,
    trained: Collection[str] | None,
    alone: bool = False,
) -> Scored:
    """Score a table's rows, sum them up by the model's unit, calibrate and judge.

    Calls are by unit. The verdict is by patient, as the certificate is: from the highest p of all her units.

    Parameters
    ----------
    model : SavedModel
    table : Table
        Checked by :func:`check_table`.
    certificate : Certificate or None
        What the verdicts are by.
    trained : collection of str, or None
        ``patient_id`` of the patients that the model was trained on; None where not known.
    alone : bool
        The one row is a patient of its own, named or not.

    Raises
    ------
    InputError
        A column is missing or not numeric, a case is twice, or the unit's columns are missing.
    """
    facts = model.facts
    rows, patients = _identified(table.frame, facts, alone=alone)
    x = _matrix(model, rows)
    failures, good = _failures(rows, x, facts, alone=alone)
    kept = rows.loc[good].reset_index(drop=True)
    units = _units(kept, patients[good], facts)
    lacking = np.isin(units.group, patients[~good]) & (units.group != _NONE)
    whom = _whom(facts, alone=alone)
    unit_rows = _scores(model, x[good], units, trained=trained)
    after = unit_rows.columns.tolist().index("call") + 1
    unit_rows.insert(after, "p_patient", _highest(unit_rows["p"].to_numpy(), units.group))
    verdicts = _verdicts(unit_rows["p_patient"].tolist(), lacking, certificate=certificate, whom=whom)
    unit_rows.insert(after + 1, "verdict", verdicts)
    unit_rows["data"] = _data(kept, units.of, phantom=facts.phantom)
    known = int((unit_rows["remark"] != "").sum())
    seen = [f"{known} of {len(unit_rows)} predictions are of patients that it was trained on."] if known else []
    torn = bool(lacking.any()) and facts.unit != "lesion"
    return Scored(unit_rows, failures, (*_warnings(model, kept, trained=trained, torn=torn), *seen))


def _identified(frame: pd.DataFrame, facts: ModelFacts, *, alone: bool) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """Make sure of ``case_id``, give the patient the name ``patient_id``, and code whom a verdict is about."""
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
    patients = _patients(frame, facts.group) if named else np.full(len(frame), _NONE, dtype=np.int64)
    rows = frame.assign(case_id=cell_texts(frame["case_id"]), patient_id=names).reset_index(drop=True)
    return rows, np.zeros(1, dtype=np.int64) if alone else patients


def _patients(frame: pd.DataFrame, group: str) -> NDArray[np.int64]:
    """Code the patients as the certificate counted them: groups, joined where they share a patient; -1 for nobody."""
    groups, own = cell_texts(frame[group]), table_patient_ids(frame, group)
    apart = [name or f"\0{row}" for row, name in enumerate(groups)]  # rows that name no group share none
    patients, _ = merge_groups(apart, own)
    nobody = np.array([not (name or other) for name, other in zip(groups, own, strict=True)], dtype=np.bool_)
    return np.where(nobody, _NONE, patients)


def _matrix(model: SavedModel, rows: pd.DataFrame) -> Floats:
    wanted = model.facts.features
    missing = [name for name in wanted if name not in rows.columns]
    if missing:
        raise InputError(
            f"{len(missing)} of the {len(wanted)} features that the model takes are missing: {format_list(missing)}",
            remedy="Extract the cases with the model's recipe, and join the tables that it was trained on.",
        )
    return np.column_stack([numbers(rows, name) for name in wanted])


def _failures(
    rows: pd.DataFrame, x: Floats, facts: ModelFacts, *, alone: bool
) -> tuple[pd.DataFrame, NDArray[np.bool_]]:
    """Say which rows cannot be scored and why, and which can."""
    broken: NDArray[np.bool_] = np.asarray((np.abs(x) > TOO_LARGE).any(axis=1))
    nobody = np.array(rows["patient_id"] == "") & (facts.unit != "lesion") & (not alone)
    failed = broken | nobody
    causes, remedies = [], []
    for row in np.flatnonzero(failed).tolist():
        if broken[row]:
            names = [facts.features[int(i)] for i in np.flatnonzero(np.abs(x[row]) > TOO_LARGE)]
            causes.append(f"infinite or absurdly large values in {format_list(names)}")
            remedies.append("Leave the cell empty where a feature is undefined, or extract the case again.")
        else:
            causes.append(f"the model predicts by {facts.unit}, and this row does not say whose it is")
            remedies.append(f"Fill in {facts.group}.")
    return rows.loc[failed, ["case_id", "patient_id"]].assign(cause=causes, remedy=remedies), ~failed


def _units(rows: pd.DataFrame, patients: NDArray[np.int64], facts: ModelFacts) -> Units:
    unknown = np.zeros(len(rows), dtype=np.int8)  # labels are not known, and none is needed
    return make_units(rows, unknown, patients, kind=facts.unit, rule=facts.rule)


def _scores(model: SavedModel, x: Floats, units: Units, *, trained: Collection[str] | None) -> pd.DataFrame:
    facts, fitted = model.facts, model.fitted
    score = aggregate(fitted.score(x), units.of, facts.rule) if len(x) else np.zeros(0)
    p = fitted.calibrator(score)
    outside, null = (_by_unit(part, units.of, len(units.rows)) for part in (facts.outside(x), np.isnan(x)))
    patients = units.rows["patient_id"].tolist()
    known = [pd.NA if trained is None or not patient else patient in trained for patient in patients]
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
            "out_of_range_features": [_named(one, facts.features) for one in outside],
            "null_features": null.sum(axis=1),
            "in_training": pd.array(known, dtype="boolean"),
            "remark": [IN_TRAINING if one is True else "" for one in known],
        }
    )


def _highest(p: Floats, patients: NDArray[np.int64]) -> Floats:
    """Give each unit the highest probability of all its patient's units; NaN where nobody is named."""
    highest = np.full(int(patients.max(initial=_NONE)) + 2, -np.inf)  # the last is nobody's
    np.maximum.at(highest, patients, p)
    return np.where(patients == _NONE, np.nan, highest[patients])


def _whom(facts: ModelFacts, *, alone: bool) -> str:
    """Name what the certificate counts."""
    whom = "patient" if facts.group == PATIENT else facts.group
    return f"{whom} (if the region is all there is)" if alone else whom


def _verdicts(
    highest: Sequence[float], lacking: NDArray[np.bool_], *, certificate: Certificate | None, whom: str
) -> list[str]:
    """Judge patients by their highest probability, NaN where nobody is named.

    Who lacks rows may be positive there, so that nothing rules her out.
    """
    if certificate is None:
        return ["no certificate was made"] * len(highest)
    if certificate.threshold is None:
        return [certificate.verdict(np.nan)] * len(highest)
    said = []
    for top, part in zip(highest, lacking.tolist(), strict=True):
        if np.isnan(top):
            said.append(f"no verdict: the certificate is by {whom} and the table names none")
        elif part and top < certificate.threshold:
            said.append(f"no verdict: a row of this {whom} could not be scored")
        else:
            said.append(f"this {whom}: {certificate.verdict(top)}")
    return said


def _by_unit(flags: NDArray[np.bool_], of: NDArray[np.int64], n_units: int) -> NDArray[np.bool_]:
    if n_units == len(flags):  # each row is a unit
        return flags
    order = np.argsort(of, kind="stable")
    return np.logical_or.reduceat(flags[order], np.searchsorted(of[order], np.arange(n_units)), axis=0)


def _named(outside: NDArray[np.bool_], names: Sequence[str]) -> str:
    return format_list([names[int(i)] for i in np.flatnonzero(outside)], most=_NAMED)


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


def _warnings(model: SavedModel, rows: pd.DataFrame, *, trained: Collection[str] | None, torn: bool) -> list[str]:
    said = list(model.notes)
    simulated = _phantom_rows(rows)
    if model.facts.phantom and not simulated.all():
        said.append(
            "PHANTOM MODEL ON REAL CASES: it was trained on simulated images and knows nothing of patients. "
            "These numbers must not be used for anything but trying the software."
        )
    if simulated.any() and not model.facts.phantom:
        said.append(f"{int(simulated.sum())} of {len(rows)} rows are simulated (phantom).")
    if trained is None or not any(cell_texts(rows["patient_id"])):
        said.append("Whether any of these patients was trained on is not known.")
    if torn:
        said.append("Some patients lack a row that could not be scored: their prediction is made of the others.")
    return said


def choose_certificate(facts: ModelFacts, *, target: float | None = None) -> Certificate | None:
    """Give the certificate for a sensitivity; of several confidences the highest.

    Parameters
    ----------
    facts : ModelFacts
    target : float, optional
        The one that the comparison was asked for where nothing is said.

    Returns
    -------
    Certificate or None
        None where the model has no certificates at all.

    Raises
    ------
    InputError
        There are some, and none for this sensitivity.
    """
    if not facts.certificates:
        return None
    wanted = facts.asked if target is None else target
    found = [one for one in facts.certificates if abs(one.target - wanted) < 1e-9]
    if not found:
        there = ", ".join(f"{one.target:g}" for one in facts.certificates)
        raise InputError(f"no certificate for a sensitivity of {wanted:g}", remedy=f"There is one for each of {there}.")
    return max(found, key=lambda one: one.confidence)


def by_verdict(predictions: pd.DataFrame) -> dict[str, Any]:
    """Count the predictions by their patient's verdict, the commonest first."""
    return {str(name): int(n) for name, n in predictions["verdict"].value_counts().items()}

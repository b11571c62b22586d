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
from radiomics_mammo.models.data.blocks import encode_like
from radiomics_mammo.models.data.cells import listed, numbers, texts
from radiomics_mammo.models.data.definition import same_definition
from radiomics_mammo.models.data.units import aggregate, make_units
from radiomics_mammo.models.records import FEATURES, Units
from radiomics_mammo.models.run.model_facts import Certificate, ModelFacts
from radiomics_mammo.models.run.saved_model import SavedModel
from radiomics_mammo.tables import Table

Floats = NDArray[np.float64]

USUAL = 0.95
"""Sensitivity of the certificate that verdicts are by where nobody asks for another."""
IN_TRAINING = "in training: not an independent prediction"
_TOO_LARGE = 1e150  # its square overflows: such a value is a broken measurement
_NAMED = 8


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """What came of some cases.

    Attributes
    ----------
    predictions : pandas.DataFrame
        One row a unit: case_id, patient_id, cases (rows that it is made of), score (raw), p (calibrated),
        training_prevalence, call, verdict, out_of_range (number of features), out_of_range_features,
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
    model: SavedModel, table: Table, *, certificate: Certificate | None, trained: Collection[str] | None
) -> Scored:
    """Score a table's rows, sum them up by the model's unit, calibrate and judge.

    Parameters
    ----------
    model : SavedModel
    table : Table
        Checked by :func:`check_table`.
    certificate : Certificate or None
        What the verdicts are by.
    trained : collection of str, or None
        ``patient_id`` of the people that the model was trained on; None where not known.

    Raises
    ------
    InputError
        A column is missing or not numeric, a case is twice, or the unit's columns are missing.
    """
    facts = model.facts
    rows = _identified(table.frame, facts)
    x = _matrix(model, rows)
    broken: NDArray[np.bool_] = np.asarray((np.abs(x) > _TOO_LARGE).any(axis=1))
    failures = _failures(rows, x, broken, facts.features)
    kept = rows.loc[~broken].reset_index(drop=True)
    x = x[~broken]
    units = _units(kept, facts)
    unit_rows = _judged(model, x, units, certificate=certificate, trained=trained)
    unit_rows["data"] = _data(kept, units.of, phantom=facts.phantom)
    torn = np.isin(texts(rows.loc[broken, "patient_id"]), texts(kept["patient_id"])).any() and facts.unit != "lesion"
    known = int((unit_rows["remark"] != "").sum())
    seen = [f"{known} of {len(unit_rows)} predictions are of people that it was trained on."] if known else []
    return Scored(unit_rows, failures, (*_warnings(model, kept, trained=trained, torn=bool(torn)), *seen))


def _identified(frame: pd.DataFrame, facts: ModelFacts) -> pd.DataFrame:
    """Make sure of ``case_id`` and give the person the name ``patient_id``."""
    if len(frame) == 0:
        raise InputError("the table has no rows", remedy="See the failures table beside it for the reasons.")
    if "case_id" not in frame.columns:
        raise InputError("the table has no column case_id", remedy="Add one that names every row once.")
    twice = frame.loc[frame["case_id"].duplicated(), "case_id"].unique().tolist()
    if twice:
        raise InputError(f"case_id is not unique: {listed(twice)}", remedy="Keep one row of each.")
    if facts.group not in frame.columns and facts.unit != "lesion":
        raise InputError(
            f"the model predicts by {facts.unit}, and no column is called {facts.group!r}",
            remedy="Add the column that names the person.",
        )
    people = texts(frame[facts.group]) if facts.group in frame.columns else [""] * len(frame)
    return frame.assign(case_id=texts(frame["case_id"]), patient_id=people).reset_index(drop=True)


def _matrix(model: SavedModel, rows: pd.DataFrame) -> Floats:
    wanted = model.facts.features
    if model.fitted.block != FEATURES:
        return encode_like(rows, wanted)
    missing = [name for name in wanted if name not in rows.columns]
    if missing:
        raise InputError(
            f"{len(missing)} of the {len(wanted)} features that the model takes are missing: {listed(missing)}",
            remedy="Extract the cases with the model's recipe, and join the tables that it was trained on.",
        )
    return np.column_stack([numbers(rows, name) for name in wanted])


def _failures(rows: pd.DataFrame, x: Floats, broken: NDArray[np.bool_], names: Sequence[str]) -> pd.DataFrame:
    bad = [[names[int(i)] for i in np.flatnonzero(np.abs(one) > _TOO_LARGE)] for one in x[broken]]
    causes = [f"infinite or absurdly large values in {listed(columns)}" for columns in bad]
    return rows.loc[broken, ["case_id", "patient_id"]].assign(
        cause=causes, remedy="Leave the cell empty where a feature is undefined, or extract the case again."
    )


def _units(rows: pd.DataFrame, facts: ModelFacts) -> Units:
    nobody = np.zeros(len(rows), dtype=np.int8)  # labels are not known, and none is needed
    return make_units(rows, nobody, nobody.astype(np.int64), kind=facts.unit, rule=facts.rule)


def _judged(
    model: SavedModel, x: Floats, units: Units, *, certificate: Certificate | None, trained: Collection[str] | None
) -> pd.DataFrame:
    facts, fitted = model.facts, model.fitted
    score = aggregate(fitted.score(x), units.of, facts.rule) if len(x) else np.zeros(0)
    p = fitted.calibrator(score)
    outside, null = (_by_unit(part, units.of, len(units.rows)) for part in (facts.outside(x), np.isnan(x)))
    people = units.rows["patient_id"].tolist()
    known = [pd.NA if trained is None or not person else person in trained for person in people]
    return pd.DataFrame(
        {
            "case_id": units.rows["case_id"].tolist(),
            "patient_id": people,
            "cases": units.rows["cases"].tolist() if "cases" in units.rows else 1,
            "score": score,
            "p": p,
            "training_prevalence": facts.prevalence,
            "call": np.where(p >= fitted.threshold, facts.classes[1], facts.classes[0]),
            "verdict": [certificate.verdict(one) if certificate else "no certificate was made" for one in p.tolist()],
            "out_of_range": outside.sum(axis=1),
            "out_of_range_features": [_named(one, facts.features) for one in outside],
            "null_features": null.sum(axis=1),
            "in_training": pd.array(known, dtype="boolean"),
            "remark": [IN_TRAINING if one is True else "" for one in known],
        }
    )


def _by_unit(flags: NDArray[np.bool_], of: NDArray[np.int64], n_units: int) -> NDArray[np.bool_]:
    if n_units == len(flags):  # each row is a unit
        return flags
    order = np.argsort(of, kind="stable")
    return np.logical_or.reduceat(flags[order], np.searchsorted(of[order], np.arange(n_units)), axis=0)


def _named(outside: NDArray[np.bool_], names: Sequence[str]) -> str:
    return listed([names[int(i)] for i in np.flatnonzero(outside)], most=_NAMED)


def _data(rows: pd.DataFrame, of: NDArray[np.int64], *, phantom: bool) -> NDArray[np.str_]:
    simulated = np.full(len(rows), phantom)
    simulated |= _phantom_rows(rows)
    units = np.zeros(int(of.max()) + 1 if of.size else 0, dtype=np.bool_)
    np.logical_or.at(units, of, simulated)
    return np.where(units, "phantom", "real")


def _phantom_rows(rows: pd.DataFrame) -> NDArray[np.bool_]:
    if "phantom" not in rows.columns:
        return np.zeros(len(rows), dtype=np.bool_)
    return np.isin([cell.lower() for cell in texts(rows["phantom"])], ["true", "1"])


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
    if trained is None or not any(texts(rows["patient_id"])):
        said.append("Whether any of these people was trained on is not known.")
    if torn:
        said.append("Some people lack a row that could not be scored: their prediction is made of the others.")
    return said


def choose_certificate(facts: ModelFacts, *, target: float | None = None) -> Certificate | None:
    """Give the certificate for a sensitivity; of several confidences the highest.

    Without a target it is the one for 0.95, or the first where there is none for 0.95.

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
    wanted = USUAL if target is None else target
    found = [one for one in facts.certificates if abs(one.target - wanted) < 1e-9]
    if not found and target is None:
        return facts.certificates[0]
    if not found:
        there = ", ".join(f"{one.target:g}" for one in facts.certificates)
        raise InputError(f"no certificate for a sensitivity of {target:g}", remedy=f"There is one for each of {there}.")
    return max(found, key=lambda one: one.confidence)


def by_verdict(predictions: pd.DataFrame) -> dict[str, Any]:
    """Count the units by verdict, the commonest first."""
    return {str(name): int(n) for name, n in predictions["verdict"].value_counts().items()}

"""Two runs on the cases that both predicted: overlap, obstacles to a comparison, paired differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.evaluation.metrics.arrays import Counts
from radiomics_mammo.evaluation.metrics.auroc_variance import Auroc, obuchowski, paired_difference
from radiomics_mammo.evaluation.metrics.bootstrap import blocks_of, draw_patients, interval
from radiomics_mammo.evaluation.metrics.metrics import METRICS, Curve, curve
from radiomics_mammo.evaluation.metrics.paired_comparison import ALPHA, NO_GAIN, NOT_KNOWN, holm
from radiomics_mammo.evaluation.training.registry import MODELS
from radiomics_mammo.reports.components.numbers import records
from radiomics_mammo.reports.sections.class_balancing import effect
from radiomics_mammo.runs.run_folder import Run
from radiomics_mammo.runs.run_info import RunInfo

Floats = NDArray[np.float64]

DRAWN = ("brier", "calibration_slope")
"""Metrics whose differences have bootstrap intervals."""


@dataclass(frozen=True, slots=True, eq=False)
class Overlap:
    """The cases of two runs.

    Attributes
    ----------
    only_a, only_b : int
        Cases that only one has.
    relabelled, moved : int
        Common cases with another label, and with another patient.
    same_folds : bool
        Whether every common case is in the same fold of every repeat.
    y : ndarray of int8, shape (n_cases,)
        The first run's labels of the common cases.
    group : ndarray of int64, shape (n_cases,)
        Their patients, coded from 0.
    """

    cases: list[str]
    only_a: int
    only_b: int
    patients: int
    patients_a: int
    patients_b: int
    relabelled: int
    moved: int
    same_folds: bool
    y: NDArray[np.int8]
    group: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pair:
    """A candidate of the first run and one of the second."""

    a: str
    b: str


def overlap(a: Run, b: Run) -> Overlap:
    """Find the cases that both runs predicted, by ``case_id``."""
    first, second = (_units(run.predictions) for run in (a, b))
    cases = [name for name in first.index if name in second.index]
    each, other = first.loc[cases], second.loc[cases]
    patients = [set(frame["patient_id"]) for frame in (first, second)]
    return Overlap(
        cases,
        only_a=len(first) - len(cases),
        only_b=len(second) - len(cases),
        patients=len(patients[0] & patients[1]),
        patients_a=len(patients[0]),
        patients_b=len(patients[1]),
        relabelled=int((each["y"].to_numpy() != other["y"].to_numpy()).sum()),
        moved=int((each["patient_id"].to_numpy() != other["patient_id"].to_numpy()).sum()),
        same_folds=_folds(a.predictions, cases).equals(_folds(b.predictions, cases)),
        y=each["y"].to_numpy(dtype=np.int8),
        group=np.asarray(pd.factorize(each["patient_id"])[0], dtype=np.int64),
    )


def obstacles(a: RunInfo, b: RunInfo, common: Overlap) -> list[str]:
    """Return the reasons why two runs cannot be compared; empty where they can."""
    problems = []
    if a.phantom != b.phantom:
        problems.append("one is of simulated images, the other of real ones")
    if (a.label, *a.classes) != (b.label, *b.classes):
        problems.append(f"their labels differ ({_label(a)}; {_label(b)})")
    if a.unit != b.unit:
        problems.append(f"one predicts by {a.unit}, the other by {b.unit}")
    if not common.cases:
        return [*problems, "they have no case in common"]
    if common.relabelled:
        problems.append(f"cases in common that have another label: {common.relabelled}")
    if common.moved:
        problems.append(f"cases in common that belong to another patient: {common.moved}")
    if np.unique(common.y).size < 2:
        problems.append("their cases in common are all of one class")
    return problems


def pairs_of(a: RunInfo, b: RunInfo) -> list[Pair]:
    """Return the pair of best candidates, then the candidates of both runs."""
    best = [Pair(a.best, b.best)] if a.best and b.best else []
    no_skill = {name for name, model in MODELS.items() if model.constant}
    same = [Pair(name, name) for name in a.candidates if name in b.candidates and name not in no_skill]
    return [*best, *(pair for pair in same if pair not in best)]


def differences(a: Run, b: Run, common: Overlap, pairs: Sequence[Pair], *, draws: int, seed: int = 0) -> pd.DataFrame:
    """Compare pairs of candidates on the cases in common, the second run minus the first.

    AUROCs are clustered by patient (Obuchowski 1997), p-values adjusted over the rows; the metrics of ``DRAWN`` have
    bootstrap intervals over the same patients for both runs. NaN where undefined.
    """
    counts = draw_patients(int(common.group.max()) + 1, draws=draws, seed=seed)
    rows = [_row(a, b, common, pair, counts) for pair in pairs]
    table = pd.DataFrame(rows)
    table["p_holm"] = holm(table["p"].to_numpy(dtype=np.float64))
    table["verdict"] = [_verdict(row) for row in records(table)]
    return table


def probabilities(run: Run, candidate: str, cases: Sequence[str]) -> Floats:
    """Return a candidate's probabilities of some cases; (n_repeats, n_cases)."""
    return _by_repeat(run.predictions, candidate, cases, "p").to_numpy(dtype=np.float64)


def calls(run: Run, cases: Sequence[str]) -> pd.DataFrame | None:
    """Return the best candidate's mean probability and class of each case."""
    if "called" not in run.predictions or not run.info.best:
        return None
    fraction = _by_repeat(run.predictions, run.info.best, cases, "called").mean(axis=0)
    p = probabilities(run, run.info.best, cases).mean(axis=0)
    return pd.DataFrame({"p": p, "called": fraction.to_numpy() >= 0.5}, index=list(cases))


def _units(predictions: pd.DataFrame) -> pd.DataFrame:
    return predictions.drop_duplicates("case_id").set_index("case_id")[["patient_id", "y"]]


def _folds(predictions: pd.DataFrame, cases: Sequence[str]) -> pd.DataFrame:
    rows = predictions.drop_duplicates(["repeat", "case_id"])
    return rows.pivot(index="repeat", columns="case_id", values="fold")[list(cases)].astype(np.int64)


def _by_repeat(predictions: pd.DataFrame, candidate: str, cases: Sequence[str], column: str) -> pd.DataFrame:
    rows = predictions[predictions["model"] == candidate]
    return rows.pivot(index="repeat", columns="case_id", values=column)[list(cases)].astype(np.float64)


def _label(info: RunInfo) -> str:
    return f"{info.label}: {info.classes[1]} or {info.classes[0]}"


def _row(a: Run, b: Run, common: Overlap, pair: Pair, counts: Counts) -> dict[str, float | str]:
    p = [probabilities(run, candidate, common.cases) for run, candidate in ((a, pair.a), (b, pair.b))]
    area = _both_areas(common, p)
    overall = paired_difference(area, 1, 0)
    row: dict[str, float | str] = {"a": pair.a, "b": pair.b}
    row |= {"auroc_a": float(area.value[0]), "auroc_b": float(area.value[1])}
    row |= {"auroc": overall.value, "auroc_low": overall.low, "auroc_high": overall.high, "p": overall.p}
    unit_weights = np.ones((1, counts.shape[1]), dtype=np.int32)
    value, drawn = ([_metrics(common, each, times) for each in p] for times in (unit_weights, counts))
    for i, name in enumerate(DRAWN):
        low, high = interval(drawn[1][i] - drawn[0][i])
        row |= {name: float(value[1][i, 0] - value[0][i, 0]), f"{name}_low": low, f"{name}_high": high}
    return row


def _metrics(common: Overlap, p: Floats, counts: Counts) -> Floats:
    """Compute ``DRAWN`` in every draw of patients, mean over repeats; shape (n_metrics, n_draws)."""
    blocks = [
        np.mean([_auroc_of(curve(common.y, each, counts[block][:, common.group])) for each in p], axis=0)
        for block in blocks_of(counts.shape[0], common.y.size)
    ]
    return np.concatenate(blocks, axis=1)


def _auroc_of(counted: Curve) -> Floats:
    return np.stack([METRICS[name].value(counted) for name in DRAWN])


def _both_areas(common: Overlap, p: Sequence[Floats]) -> Auroc:
    """Estimate both AUROCs jointly; repeats are duplicated to a common number."""
    n = int(np.lcm(p[0].shape[0], p[1].shape[0]))
    return obuchowski(common.y, np.stack([np.repeat(each, n // each.shape[0], axis=0) for each in p]), common.group)


def _verdict(row: Mapping[str, Any]) -> str:
    if row["p_holm"] != row["p_holm"]:
        return NOT_KNOWN
    if row["p_holm"] >= ALPHA:
        return NO_GAIN
    return effect(row["auroc_low"], row["auroc_high"])

"""AUROC inflation by common leakage errors, measured on the data of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from radiomics_mammo.evaluation.cohort.records import Cohort
from radiomics_mammo.evaluation.leakage.baseline_models import BASELINE_MODELS
from radiomics_mammo.evaluation.leakage.identifier_columns import patient_numbers
from radiomics_mammo.evaluation.leakage.leaky_protocols import LEAKY_PROTOCOLS, LeakyProtocol
from radiomics_mammo.evaluation.leakage.protocols import (
    EvaluationProtocol,
    ProtocolData,
    ProtocolScores,
    bootstrap_auroc,
    run_protocol,
)
from radiomics_mammo.evaluation.leakage.subsample import subsample_patients
from radiomics_mammo.evaluation.metrics.arrays import Floats
from radiomics_mammo.evaluation.metrics.bootstrap import draw_patients, interval
from radiomics_mammo.evaluation.training.label_permutation import permuted_labels
from radiomics_mammo.evaluation.training.splits import repeated_folds

DRAWS = 1_000
_ROW_SPLIT = EvaluationProtocol(split="row")

COLUMNS = (
    "protocol",
    "title",
    "baseline_model",
    "auroc",
    "low",
    "high",
    "without_leakage",
    "inflation",
    "inflation_low",
    "inflation_high",
    "row_split_only",
    "published",
    "sentence",
)


@dataclass(frozen=True, slots=True, eq=False)
class AurocInflation:
    """The table of leaky protocols, and remarks on it as a whole.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a protocol: ``protocol`` (slug), ``title``, ``baseline_model``; ``auroc`` of the leaky protocol with
        ``low`` and ``high``; ``without_leakage``, the AUROC of the sound one; ``inflation``, their difference, with
        ``inflation_low`` and ``inflation_high``; ``row_split_only``, the AUROC where rows are split and nothing else is
        wrong, for the protocols that split added rows, else NaN; ``published``; ``sentence``. Bounds are 95%
        percentiles over patients drawn with replacement, NaN where no draw holds both classes; the variation between
        splits is not in them.
    remarks : tuple of str
    """

    table: pd.DataFrame
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Result:
    scores: ProtocolScores
    value: float
    draws: Floats


def measure_auroc_inflation(
    cohort: Cohort,
    *,
    seed: int = 0,
    folds: int = 5,
    repeats: int = 3,
    workers: int = 1,
    permute_labels: bool = False,
    draws: int = DRAWS,
    on_done: Callable[[str], None] | None = None,
) -> AurocInflation:
    """Compute the AUROC of every leaky protocol and of its sound counterpart.

    Rows are scored, not the cohort's units, by the models of
    :mod:`radiomics_mammo.evaluation.leakage.baseline_models`: the differences matter, not the scores.

    Parameters
    ----------
    cohort : Cohort
    seed, folds, repeats : int
        Of the splits, by patient or by row.
    workers : int
        Processes; the table does not depend on it.
    permute_labels : bool
        Permute the labels between patients first: the sound protocols then score about 0.5.
    draws : int
        Of patients, for the intervals; the same for both protocols, which are so paired.
    on_done : callable (slug) -> None, optional
        Called after each protocol.

    Raises
    ------
    InputError
        Too few patients for the folds.
    """
    data, remarks = _data(cohort, seed=seed, folds=folds, repeats=repeats, workers=workers, permuted=permute_labels)
    repeated_folds(data.y, data.group, folds=folds, repeats=repeats, seed=seed)  # refuses before the first protocol
    counts = draw_patients(int(data.group.max()) + 1, draws=draws, seed=seed)
    results: dict[tuple[EvaluationProtocol, str], _Result] = {}
    rows: list[dict[str, object]] = []
    for slug, entry in LEAKY_PROTOCOLS.items():
        for protocol in (entry.leaky, entry.sound, *([_ROW_SPLIT] if entry.adds_rows else [])):
            if (protocol, entry.model) not in results:
                scores = run_protocol(data, protocol, entry.model)
                results[protocol, entry.model] = _Result(scores, *bootstrap_auroc(scores, counts))
        rows.append(_row(slug, entry, data, results))
        if on_done is not None:
            on_done(slug)
    return AurocInflation(pd.DataFrame(rows, columns=list(COLUMNS)), tuple(remarks))


def _data(
    cohort: Cohort, *, seed: int, folds: int, repeats: int, workers: int, permuted: bool
) -> tuple[ProtocolData, list[str]]:
    rows, subsample = subsample_patients(cohort.y, cohort.group, columns=cohort.x.shape[1], seed=seed)
    group, _ = pd.factorize(cohort.group[rows])
    numbers = patient_numbers(cohort.rows["patient_id"].iloc[rows].tolist())
    numbered = not np.isnan(numbers).any()
    y = cohort.y[rows]
    data = ProtocolData(
        x=cohort.x[rows],
        code=numbers if numbered else group.astype(np.float64),
        y=permuted_labels(y, group, seed=seed) if permuted else y,
        group=group.astype(np.int64),
        folds=folds,
        repeats=repeats,
        seed=seed,
        workers=workers,
    )
    remarks = [
        *([f"AUROC inflation is measured on {subsample}."] if subsample else []),
        "The patient's number is the one in patient_id."
        if numbered
        else "The patient's number is the order of first appearance: patient_id holds none.",
        *(["Labels were permuted between patients: sound protocols should score about 0.5."] if permuted else []),
        *(["Every patient has one row: a split of images is a split of patients here."] if data.single_rows else []),
    ]
    return data, remarks


def _row(
    slug: str, entry: LeakyProtocol, data: ProtocolData, results: Mapping[tuple[EvaluationProtocol, str], _Result]
) -> dict[str, object]:
    leaky, sound = results[entry.leaky, entry.model], results[entry.sound, entry.model]
    low, high = interval(leaky.draws)
    inflation_low, inflation_high = interval(leaky.draws - sound.draws)
    row_split_only = results[_ROW_SPLIT, entry.model].value if entry.adds_rows else float("nan")
    sentences = [_inflation_sentence(leaky.value, sound.value, inflation_low, inflation_high)]
    if data.single_rows and entry.leaky.split == "row" and not entry.leaky.before:
        sentences.insert(0, "Every patient has one row: a split of images inflates nothing here, by construction.")
    added = leaky.scores.y.size - data.y.size
    if added > 0:
        sentences.append(
            f"{added:,} rows were added to {data.y.size:,}: the rarer a class, the more rows are added and the higher "
            f"is the inflation. The row split without them scores {row_split_only:.3f}."
        )
    return {
        "protocol": slug,
        "title": entry.title,
        "baseline_model": BASELINE_MODELS[entry.model].title,
        "auroc": leaky.value,
        "low": low,
        "high": high,
        "without_leakage": sound.value,
        "inflation": leaky.value - sound.value,
        "inflation_low": inflation_low,
        "inflation_high": inflation_high,
        "row_split_only": row_split_only,
        "published": entry.published,
        "sentence": " ".join(sentences),
    }


def _inflation_sentence(leaky: float, sound: float, low: float, high: float) -> str:
    scores = f"AUROC {leaky:.3f} with leakage, {sound:.3f} without"
    interval_text = f"{leaky - sound:+.3f} (95% interval {low:+.3f} to {high:+.3f})"
    if leaky == sound:
        return f"{scores}: no inflation."
    if low > 0:
        return f"{scores}: inflated by {interval_text}."
    if high < 0:
        return f"{scores}: lowered by the error, {interval_text}."
    return f"{scores}: no inflation beyond chance, {interval_text}."

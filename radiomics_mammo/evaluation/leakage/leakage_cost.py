"""What the same data scores when it is done wrong on purpose: the price of each mistake."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from radiomics_mammo.evaluation.cohort.records import Cohort
from radiomics_mammo.evaluation.leakage.identifier_columns import id_numbers
from radiomics_mammo.evaluation.leakage.leaky_protocols import MISTAKES, Mistake
from radiomics_mammo.evaluation.leakage.protocols import Bench, Floats, Judged, Way, auroc_draws, judge
from radiomics_mammo.evaluation.leakage.quick_models import LEARNERS
from radiomics_mammo.evaluation.leakage.subsample import fewer_patients
from radiomics_mammo.evaluation.metrics.bootstrap import draw_patients, interval
from radiomics_mammo.evaluation.training.label_permutation import shuffled_labels
from radiomics_mammo.evaluation.training.splits import repeated_folds

DRAWS = 1_000
_SPLIT = Way(split="row")

COLUMNS = (
    "mistake",
    "title",
    "learner",
    "auroc",
    "low",
    "high",
    "right",
    "price",
    "price_low",
    "price_high",
    "split_alone",
    "published",
    "sentence",
)


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """The table of mistakes, and what is to be said of it as a whole.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a mistake: ``mistake`` (slug), ``title``, ``learner``; ``auroc`` of the wrong way with ``low`` and
        ``high``; ``right``, the AUROC of the right way; ``price``, their difference, with ``price_low`` and
        ``price_high``; ``split_alone``, the AUROC where rows are split and nothing else is wrong, for the mistakes
        that split made rows, NaN for the others; ``published``; ``sentence``. Bounds are 95% percentiles over patients
        drawn with replacement, NaN where no draw holds both classes; what another split would give is not in them.
    remarks : tuple of str
    """

    table: pd.DataFrame
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Scored:
    judged: Judged
    value: float
    draws: Floats


def leakage_prices(
    cohort: Cohort,
    *,
    seed: int = 0,
    folds: int = 5,
    repeats: int = 3,
    workers: int = 1,
    shuffled: bool = False,
    draws: int = DRAWS,
    on_done: Callable[[str], None] | None = None,
) -> Prices:
    """Make every mistake of ``MISTAKES`` on purpose and say what it would have been worth.

    Rows are judged, not the cohort's units, with the quick learners of
    :mod:`radiomics_mammo.evaluation.leakage.quick_models`: the differences count, not the scores.

    Parameters
    ----------
    cohort : Cohort
    seed, folds, repeats : int
        Of the splits made here, by patient or by row.
    workers : int
        Processes; the table does not depend on it.
    shuffled : bool
        Give patients each other's labels first: the right ways then score about 0.5, and all else is price.
    draws : int
        Of patients, for the intervals; the same for both ways, which are so paired.
    on_done : callable (slug) -> None, optional
        Called after each mistake.

    Returns
    -------
    Prices

    Raises
    ------
    InputError
        Too few patients for the folds.
    """
    bench, remarks = _bench(cohort, seed=seed, folds=folds, repeats=repeats, workers=workers, shuffled=shuffled)
    repeated_folds(bench.y, bench.group, folds=folds, repeats=repeats, seed=seed)  # or refuse before the first mistake
    counts = draw_patients(int(bench.group.max()) + 1, draws=draws, seed=seed)
    scored: dict[tuple[Way, str], _Scored] = {}
    lines: list[dict[str, object]] = []
    for slug, mistake in MISTAKES.items():
        for way in (mistake.wrong, mistake.right, *([_SPLIT] if _makes_rows(mistake) else [])):
            if (way, mistake.learner) not in scored:
                judged = judge(bench, way, mistake.learner)
                scored[way, mistake.learner] = _Scored(judged, *auroc_draws(judged, counts))
        lines.append(_line(slug, mistake, bench, scored))
        if on_done is not None:
            on_done(slug)
    return Prices(pd.DataFrame(lines, columns=list(COLUMNS)), tuple(remarks))


def _bench(
    cohort: Cohort, *, seed: int, folds: int, repeats: int, workers: int, shuffled: bool
) -> tuple[Bench, list[str]]:
    rows, fewer = fewer_patients(cohort.y, cohort.group, columns=cohort.x.shape[1], seed=seed)
    group, _ = pd.factorize(cohort.group[rows])
    numbers = id_numbers(cohort.rows["patient_id"].iloc[rows].tolist())
    from_id = not np.isnan(numbers).any()
    y = cohort.y[rows]
    bench = Bench(
        x=cohort.x[rows],
        code=numbers if from_id else group.astype(np.float64),
        y=shuffled_labels(y, group, seed=seed) if shuffled else y,
        group=group.astype(np.int64),
        folds=folds,
        repeats=repeats,
        seed=seed,
        workers=workers,
    )
    remarks = [
        *([f"Mistakes are made on {fewer}."] if fewer else []),
        "The patient's number is the one in patient_id."
        if from_id
        else "The patient's number is the order of first appearance: patient_id holds none.",
        *(["Labels were shuffled between patients: the right ways should score about 0.5."] if shuffled else []),
        *(["Every patient has one row: splitting images is splitting patients here."] if bench.one_row_each else []),
    ]
    return bench, remarks


def _line(slug: str, mistake: Mistake, bench: Bench, scored: Mapping[tuple[Way, str], _Scored]) -> dict[str, object]:
    wrong, right = scored[mistake.wrong, mistake.learner], scored[mistake.right, mistake.learner]
    low, high = interval(wrong.draws)
    price_low, price_high = interval(wrong.draws - right.draws)
    sentence = [_priced(wrong.value, right.value, price_low, price_high)]
    if bench.one_row_each and mistake.wrong.split == "row" and not mistake.wrong.before:
        sentence.insert(0, "Every patient has one row: that images are split costs nothing here, by construction.")
    split_alone = scored[_SPLIT, mistake.learner].value if _makes_rows(mistake) else float("nan")
    if wrong.judged.y.size > bench.y.size:
        sentence.append(_made(wrong, bench, split_alone=split_alone))
    return {
        "mistake": slug,
        "title": mistake.title,
        "learner": LEARNERS[mistake.learner].title,
        "auroc": wrong.value,
        "low": low,
        "high": high,
        "right": right.value,
        "price": wrong.value - right.value,
        "price_low": price_low,
        "price_high": price_high,
        "split_alone": split_alone,
        "published": mistake.published,
        "sentence": " ".join(sentence),
    }


def _priced(wrong: float, right: float, low: float, high: float) -> str:
    said = f"Scores {wrong:.3f} where {right:.3f} is right"
    span = f"(95% interval {low:+.3f} to {high:+.3f})"
    if wrong == right:
        return f"{said}: no price."
    if low > 0:
        return f"{said}: {wrong - right:+.3f} for nothing {span}."
    if high < 0:
        return f"{said}: it harms here, {wrong - right:+.3f} {span}."
    return f"{said}: no price can be told from chance here, {wrong - right:+.3f} {span}."


def _makes_rows(mistake: Mistake) -> bool:
    return mistake.wrong.before in ("oversampling", "smote")


def _made(wrong: _Scored, bench: Bench, *, split_alone: float) -> str:
    rows, made = bench.y.size, wrong.judged.y.size - bench.y.size
    return (
        f"{made:,} rows were made and {rows:,} were there: the rarer a class, the more are made and the higher is the "
        f"price. Splitting images alone scores {split_alone:.3f}."
    )

"""What embeddings, dense heads and ensembles come to, as tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.evaluation.cohort.records import Candidate, Units
from radiomics_mammo.evaluation.metrics.paired_comparison import pair_table
from radiomics_mammo.evaluation.summary import best_candidate, compare_candidates
from radiomics_mammo.evaluation.training.cross_validation import Outcome
from radiomics_mammo.evaluation.training.dense_head import CURVES, PARTS
from radiomics_mammo.evaluation.training.plan import Plan
from radiomics_mammo.evaluation.training.registry import MODELS

Floats = NDArray[np.float64]

PROBE = "probe"


def embedded_tables(
    plan: Plan, outcome: Outcome, summary: pd.DataFrame, *, draws: int, workers: int
) -> dict[str, pd.DataFrame]:
    """Compute the tables of what the plan has: ``ensembles``, ``learning_curves``."""
    tables = {}
    if plan.members:
        tables["ensembles"] = ensembles_table(plan, outcome, summary, draws=draws, workers=workers)
    if any(choice.curves is not None for choice in outcome.choices.values()):
        tables["learning_curves"] = learning_curves(outcome)
    return tables


def ensembles_table(plan: Plan, outcome: Outcome, summary: pd.DataFrame, *, draws: int, workers: int) -> pd.DataFrame:
    """Compare each ensemble with its best single member, on the same patients.

    The best member is the one with the highest AUROC on these very predictions: the comparison is hard on the
    ensemble rather than kind to it.

    Returns
    -------
    pandas.DataFrame
        ``ensemble``, ``members``, ``against``, ``metric``, ``value``, ``low``, ``high`` (patient bootstrap), and of
        AUROC ``p_holm`` (Obuchowski, corrected for the number of ensembles) and ``verdict``.
    """
    return _against_best(plan, outcome.p, plan.cohort.units, plan.fold_of, summary, draws=draws, workers=workers)


def test_ensembles_table(
    plan: Plan, outcome: Outcome, summary: pd.DataFrame, *, draws: int, workers: int
) -> pd.DataFrame:
    """Compare each ensemble on held-out patients with the member that was best out of fold, as above."""
    assert plan.test is not None
    units = plan.test.units
    p = np.stack([outcome.test[candidate.name].p for candidate in plan.candidates])[:, None]
    one_fold = np.zeros((1, units.y.size), dtype=np.int16)
    return _against_best(plan, p, units, one_fold, summary, draws=draws, workers=workers)


def _against_best(
    plan: Plan,
    p: Floats,
    units: Units,
    fold_of: NDArray[np.int16],
    summary: pd.DataFrame,
    *,
    draws: int,
    workers: int,
) -> pd.DataFrame:
    made = [candidate for candidate in plan.candidates if MODELS[candidate.model].fit == "ensemble"]
    best = best_candidate(summary, plan.members)
    assert best is not None  # there are two members at least, and none is a baseline
    candidates = [best, *made]
    p = p[[plan.candidates.index(candidate) for candidate in candidates]]
    pairs = [(i, 0) for i in range(1, len(candidates))]
    found = compare_candidates(candidates, units, p, draws=draws, seed=plan.seed, workers=workers, pairs=pairs)
    names = [candidate.name for candidate in candidates]
    against = dict.fromkeys(names[1:], best.name)
    tested = pair_table(names, units.y, p, units.group, fold_of, against=against)
    said = tested[["model", "p_holm", "verdict"]].assign(metric="auroc")
    joined = found.differences.merge(said, on=["model", "metric"], how="left")
    joined = joined.rename(columns={"model": "ensemble"}).assign(
        members="; ".join(candidate.name for candidate in plan.members), verdict=joined["verdict"].fillna("")
    )
    return joined[["ensemble", "members", "against", "metric", "value", "low", "high", "p_holm", "verdict"]]


def probes_table(plan: Plan, auroc: pd.DataFrame, test_auroc: pd.DataFrame | None) -> pd.DataFrame | None:
    """Put the linear probes side by side, one row an embedder; None where none was compared.

    Parameters
    ----------
    plan : Plan
    auroc, test_auroc : pandas.DataFrame
        As :func:`radiomics_mammo.evaluation.result_tables.auroc_table` gives them; the latter None without a test set.

    Returns
    -------
    pandas.DataFrame
        ``embedder``, ``dims``, ``auroc``, ``low``, ``high``, ``test_auroc``, ``test_low``, ``test_high``; intervals are
        clustered by patient (Obuchowski), NaN without a test set.
    """
    rows = []
    for embedder, columns in plan.cohort.embedders.items():
        alone = len(plan.cohort.embedders) == 1
        candidate = next(
            (one for one in plan.candidates if one in (Candidate(PROBE, block=embedder), *[Candidate(PROBE)] * alone)),
            None,
        )
        if candidate is None:
            continue
        row: dict[str, str | int | float] = {"embedder": embedder, "dims": columns.stop - columns.start}
        for before, table in (("", auroc), ("test_", test_auroc)):
            own = {} if table is None else table[table["model"] == candidate.name].to_dict("records")[0]
            for name, column in (("auroc", "auroc"), ("low", "obuchowski_low"), ("high", "obuchowski_high")):
                row[f"{before}{name}"] = float(own.get(column, np.nan))
        rows.append(row)
    return pd.DataFrame(rows) if rows else None


def learning_curves(outcome: Outcome) -> pd.DataFrame:
    """List how dense heads learnt: one row a model, outer fold, inner fold, epoch and part.

    Returns
    -------
    pandas.DataFrame
        ``model``, ``repeat``, ``fold`` (-1: everybody), ``inner``, ``epoch``, ``part``, ``loss``, ``auroc``,
        ``accuracy``, ``chosen`` (the epoch that was chosen for the outer fold).
    """
    parts = []
    for (model, repeat, fold), choice in outcome.choices.items():
        if choice.curves is not None:
            own = pd.DataFrame(choice.curves, columns=list(CURVES))
            own = own.assign(part=np.array(PARTS)[own["part"].astype(int)])
            own = own.astype({"inner": int, "epoch": int})
            parts.append(own.assign(model=model, repeat=repeat, fold=fold, chosen=choice.parameters["epochs"]))
    order = ["model", "repeat", "fold", "inner", "epoch", "part"]
    table = pd.concat(parts, ignore_index=True)[[*order, "loss", "auroc", "accuracy", "chosen"]]
    return table.sort_values(order, kind="stable", ignore_index=True)

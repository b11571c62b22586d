"""Everything that is found out about out-of-fold predictions beyond the summary, as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.evaluation.cohort.records import FEATURES, Candidate
from radiomics_mammo.evaluation.embedding_tables import embedded_tables, test_ensembles_table
from radiomics_mammo.evaluation.metrics.auroc_variance import auroc_interval, delong, obuchowski
from radiomics_mammo.evaluation.metrics.certified_sensitivity import TARGETS, certified_table, check_certificates
from radiomics_mammo.evaluation.metrics.confusion import confusion_table
from radiomics_mammo.evaluation.metrics.decision_curve import decision_curve
from radiomics_mammo.evaluation.metrics.operating_point import operating_table
from radiomics_mammo.evaluation.metrics.paired_comparison import pair_table
from radiomics_mammo.evaluation.metrics.reliability import reliability_table
from radiomics_mammo.evaluation.metrics.selection_bias import selection_bias
from radiomics_mammo.evaluation.metrics.subgroups import subgroup_table
from radiomics_mammo.evaluation.summary import Comparison, compare_candidates, twins
from radiomics_mammo.evaluation.training.cross_validation import Outcome
from radiomics_mammo.evaluation.training.feature_selection import RANKINGS
from radiomics_mammo.evaluation.training.plan import WHOLE, Plan
from radiomics_mammo.evaluation.training.preprocessing import source_columns
from radiomics_mammo.evaluation.training.registry import MODELS, REFERENCE_MODEL

Floats = NDArray[np.float64]
Tables = dict[str, pd.DataFrame]

_CURVES_DRAWS = 300  # of bands, which are drawings
_CERTAIN = 0.005  # a prevalence this near to 0 or 1 is no estimate
_OFTEN = 20  # a feature counts as chosen where it is among so many best


def resampling_verdicts(plan: Plan, outcome: Outcome, differences: pd.DataFrame) -> pd.DataFrame:
    """Add to the differences of twins, for AUROC, the p-value adjusted for the number of twins, and the verdict.

    Returns
    -------
    pandas.DataFrame
        With ``p_holm`` (NaN but for AUROC) and ``verdict`` (empty but for AUROC): an unadjusted interval without 0
        is no gain where several twins were tried.
    """
    names, units = [candidate.name for candidate in plan.candidates], plan.cohort.units
    against = {names[i]: names[j] for i, j in twins(plan.candidates)}
    if not against:
        return differences.assign(p_holm=np.nan, verdict="")
    found = pair_table(names, units.y, outcome.p, units.group, plan.fold_of, against=against)
    said = found[["model", "against", "p_holm", "verdict"]].assign(metric="auroc")
    joined = differences.merge(said, on=["model", "against", "metric"], how="left")
    return joined.assign(verdict=joined["verdict"].fillna(""))


def out_of_fold_tables(
    plan: Plan,
    outcome: Outcome,
    compared: Comparison,
    *,
    best: Candidate | None,
    draws: int,
    workers: int,
    sensitivity: float,
    confidence: float,
) -> Tables:
    """Compute the tables that need nothing but predictions and calls.

    Returns
    -------
    dict of str to pandas.DataFrame
        By the name of their file, without its ending.
    """
    units, p = plan.cohort.units, outcome.p
    y, group = units.y, units.group
    names = [candidate.name for candidate in plan.candidates]
    tables: Tables = {
        "auroc": auroc_table(names, y, p, group, compared.summary),
        "operating": operating_table(names, y, outcome.called, group),
        "uncalibrated": _as_trained(plan, outcome, draws, workers),
    }
    against = reference(plan.candidates, best)
    if against is not None and len(names) > 1:
        tables["pairs"] = pair_table(names, y, p, group, plan.fold_of, against=against.name)
    shown = _shown(plan.candidates, best)
    tables["reliability"] = pd.concat(
        [reliability_table(y, p[i], group).assign(model=names[i]) for i in shown], ignore_index=True
    )
    tables["decision_curve"] = decision_curve(
        [names[i] for i in shown], y, p[shown], group, draws=min(draws, _CURVES_DRAWS), seed=plan.seed
    )
    sure: dict[str, float] = {}
    if best is not None:
        targets = sorted({*TARGETS, sensitivity})
        tables |= _of_best(plan, outcome, best, targets=targets, confidence=confidence, draws=draws)
        sure = _certified_cut(tables["certified"], sensitivity, best)
    tables["confusion"] = confusion_table(names, y, p, outcome.called, certified=sure)
    tables |= embedded_tables(plan, outcome, compared.summary, draws=draws, workers=workers)
    if outcome.rankings:
        tables["feature_selection"] = feature_selection_table(plan, outcome)
    tables["tuned_parameters"] = tuned_parameters_table(outcome)
    return tables


def _of_best(
    plan: Plan, outcome: Outcome, best: Candidate, *, targets: Sequence[float], confidence: float, draws: int
) -> Tables:
    i, units = plan.candidates.index(best), plan.cohort.units
    p = outcome.p[i]
    several = chosen(plan.candidates)
    return {
        "certified": certified_table(units.y, p, units.group, targets=targets, confidence=confidence, chosen=several),
        "subgroups": subgroup_table(units.rows, units.y, p, units.group, called=outcome.called[i]),
        "selection_bias": _selection_bias(plan, outcome, draws),
    }


def _certified_cut(table: pd.DataFrame, sensitivity: float, best: Candidate) -> dict[str, float]:
    """Give the best candidate's certified threshold for the sensitivity asked for, if there is one."""
    cut = table.loc[(table["target"] - sensitivity).abs() < 1e-9, "threshold"].dropna()
    return {best.name: float(cut.iloc[0])} if len(cut) else {}


def reference(candidates: Sequence[Candidate], best: Candidate | None) -> Candidate | None:
    """Give the candidate that all others are compared with: oversampled XGBoost, or where it is not there the best."""
    return next((candidate for candidate in candidates if candidate.name == REFERENCE_MODEL), best)


def _shown(candidates: Sequence[Candidate], best: Candidate | None) -> list[int]:
    """Return the candidates whose curves are drawn: best, reference with and without resampling, baselines."""
    wanted = {"prevalence", "radiologists", "xgboost", REFERENCE_MODEL, best.name if best else ""}
    return [i for i, candidate in enumerate(candidates) if candidate.name in wanted] or list(range(len(candidates)))


def auroc_table(
    names: Sequence[str], y: NDArray[np.int8], p: Floats, group: NDArray[np.int64], summary: pd.DataFrame
) -> pd.DataFrame:
    """Put three intervals of each AUROC side by side: clustered (Obuchowski), DeLong, patient bootstrap.

    DeLong takes every unit for a patient of her own, so it is too narrow where patients have several.
    """
    boot = summary[summary["metric"] == "auroc"].set_index("model")[["low", "high"]].to_dict("index")
    clustered, plain = obuchowski(y, p, group), delong(y, p)
    rows = []
    for i, name in enumerate(names):
        row: dict[str, str | float] = {"model": name, "auroc": float(clustered.value[i])}
        for said, found in (("obuchowski", clustered), ("delong", plain)):
            low, high = auroc_interval(float(found.value[i]), float(found.covariance[i, i]))
            row |= {f"{said}_low": low, f"{said}_high": high}
        row |= {f"bootstrap_{end}": float(value) for end, value in boot[name].items()}
        rows.append(row)
    return pd.DataFrame(rows)


def _as_trained(plan: Plan, outcome: Outcome, draws: int, workers: int) -> pd.DataFrame:
    """Compare twins before calibration: what resampling does to the probabilities, and calibration undoes."""
    involved = sorted({i for pair in twins(plan.candidates) for i in pair})
    if not involved:
        return pd.DataFrame(columns=["model", "against", "metric", "value", "low", "high"])
    candidates = [plan.candidates[i] for i in involved]
    found = compare_candidates(
        candidates, plan.cohort.units, outcome.raw[involved], draws=draws, seed=plan.seed, workers=workers
    )
    return pd.concat([found.summary.assign(against=""), found.differences], ignore_index=True)[
        found.differences.columns
    ]


def _selection_bias(plan: Plan, outcome: Outcome, draws: int) -> pd.DataFrame:
    able = [i for i, candidate in enumerate(plan.candidates) if not MODELS[candidate.model].baseline]
    units = plan.cohort.units
    names = [plan.candidates[i].name for i in able]
    found = selection_bias(names, units.y, outcome.p[able], units.group, draws=draws, seed=plan.seed)
    record = {name: value for name, value in asdict(found).items() if name != "chosen"}
    shares = pd.DataFrame({"model": names, "chosen": found.chosen})
    return shares.assign(**record, optimism=found.optimism)


def tuned_parameters_table(outcome: Outcome) -> pd.DataFrame:
    """List what the inner folds chose: one row a candidate, repeat and fold (-1 is everybody), parameters as JSON."""
    import json

    rows = [
        (candidate, repeat, fold, choice.score, choice.threshold, json.dumps(choice.parameters, sort_keys=True))
        for (candidate, repeat, fold), choice in outcome.choices.items()
    ]
    columns = ["model", "repeat", "fold", "inner_auroc", "threshold", "parameters"]
    return pd.DataFrame(rows, columns=columns).sort_values(columns[:3], kind="stable", ignore_index=True)


def feature_selection_table(plan: Plan, outcome: Outcome) -> pd.DataFrame:
    """Count how often each feature is among the 20 best of a method, over the outer folds.

    Returns
    -------
    pandas.DataFrame
        ``feature``, one column a method with the share of folds, and ``stability_<method>``, Nogueira's (JMLR
        2018;18:174): 1 where all folds agree, about 0 where they agree by chance.
    """
    features = plan.cohort.features
    chosen: dict[str, list[NDArray[np.bool_]]] = {method: [] for method in RANKINGS}
    for (repeat, fold), rankings in outcome.rankings.items():
        if fold == WHOLE:
            continue
        source = _sources(plan, repeat, fold)
        for method in RANKINGS:
            if (WHOLE, method) in rankings:
                row = np.zeros(len(features), dtype=bool)
                row[source[rankings[WHOLE, method][:_OFTEN]]] = True
                chosen[method].append(row)
    used = {method: np.array(found) for method, found in chosen.items() if found}
    table = pd.DataFrame({"feature": features, **{method: found.mean(axis=0) for method, found in used.items()}})
    return table.assign(**{f"stability_{method}": nogueira(found) for method, found in used.items()})


def _sources(plan: Plan, repeat: int, fold: int) -> NDArray[np.int64]:
    """Give the feature of each column that the rankings of a fold are about."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    from radiomics_mammo.evaluation.training.fold_data import Bench

    with threadpool_limits(1):  # as when they were ranked
        bench = Bench(plan, repeat=repeat, fold=fold, block=FEATURES)
        return source_columns(bench.prepared(WHOLE).steps)


def nogueira(chosen: NDArray[np.bool_]) -> float:
    """Give the stability of several choices of features, corrected for chance; NaN for one choice alone.

    Parameters
    ----------
    chosen : ndarray of bool, shape (n_choices, n_features)
    """
    n, d = chosen.shape
    share, k = chosen.mean(axis=0), chosen.sum(axis=1).mean()
    if n < 2 or k in (0, d):
        return float("nan")
    return float(1 - (n / (n - 1) * share * (1 - share)).mean() / ((k / d) * (1 - k / d)))


def chosen(candidates: Sequence[Candidate]) -> bool:
    """Whether the best candidate was chosen among several on the patients that it is judged on."""
    return sum(not MODELS[candidate.model].baseline for candidate in candidates) > 1


def test_tables(
    plan: Plan,
    outcome: Outcome,
    *,
    best: Candidate | None,
    certified: pd.DataFrame | None,
    sensitivity: float,
    oof: pd.DataFrame,
    draws: int,
    workers: int,
) -> Tables:
    """Judge the predictions of the test set as those out of fold are judged, and check the certified thresholds.

    What is set against the best, or a best member, takes what was best out of fold (``oof``, the summary of that).
    """
    assert plan.test is not None
    units = plan.test.units
    p = np.stack([outcome.test[candidate.name].p for candidate in plan.candidates])[:, None]
    called = np.stack(
        [one.p >= one.choice.threshold for one in (outcome.test[candidate.name] for candidate in plan.candidates)]
    )[:, None]
    names = [candidate.name for candidate in plan.candidates]
    compared = compare_candidates(plan.candidates, units, p, draws=draws, seed=plan.seed, workers=workers)
    tables = {
        "test_summary": compared.summary,
        "test_differences": compared.differences,
        "test_auroc": auroc_table(names, units.y, p, units.group, compared.summary),
        "test_operating": operating_table(names, units.y, called, units.group),
    }
    sure = {} if best is None or certified is None else _certified_cut(certified, sensitivity, best)
    tables["test_confusion"] = confusion_table(names, units.y, p, called, certified=sure)
    if plan.members:
        tables["test_ensembles"] = test_ensembles_table(plan, outcome, oof, draws=draws, workers=workers)
    if best is not None:
        i = plan.candidates.index(best)
        tables["test_subgroups"] = subgroup_table(units.rows, units.y, p[i], units.group, called=called[i])
        if certified is not None:
            tables["test_certified"] = check_certificates(certified, units.y, p[i][0], units.group)
        tables["test_reliability"] = reliability_table(units.y, p[i], units.group).assign(model=best.name)
    return tables


def shifted(plan: Plan, outcome: Outcome, *, asked: str, by: Candidate, draws: int) -> tuple[Mapping[str, Floats], str]:
    """Move the test set's probabilities to another prevalence: one that is named, or one estimated without labels.

    Parameters
    ----------
    asked : str
        A prevalence between 0 and 1, or ``em`` (Saerens et al. 2002).
    by : Candidate
        Whose predictions the prevalence is estimated from: there is one population, so there is one prevalence.
    draws : int

    Returns
    -------
    p : mapping of candidate name to ndarray of float64, shape (n_units,)
    note : str
    """
    from radiomics_mammo.evaluation.metrics.prevalence_shift import estimate_prevalence, shift_prior

    assert plan.test is not None
    prior = float(plan.cohort.units.y.mean())
    to, how = (prior, "") if asked == "em" else (float(asked), "as asked")
    if asked == "em":
        p, group = outcome.test[by.name].p, plan.test.units.group
        value, low, high = estimate_prevalence(p, group, prior=prior, draws=draws, seed=plan.seed)
        how = f"estimated without labels by {by.name}: {value:.3f}, {low:.3f} to {high:.3f}"
        if not _CERTAIN < value < 1 - _CERTAIN:  # the likelihood only rises towards nobody, or everybody
            how += ", at its limit, so left where they were"
        else:
            to = value
    found = {candidate.name: shift_prior(outcome.test[candidate.name].p, prior, to) for candidate in plan.candidates}
    said = f"probabilities of the test set moved from the training prevalence {prior:.3f} to {to:.3f} ({how})"
    return found, said

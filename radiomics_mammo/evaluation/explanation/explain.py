"""What ``compare`` works out to explain its best tree model, on held-out rows only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import pandas as pd

from radiomics_mammo.core.console import progress
from radiomics_mammo.evaluation.cohort.records import Candidate
from radiomics_mammo.evaluation.explanation.shap_groups import cluster_table, group_table, interaction_table
from radiomics_mammo.evaluation.explanation.shap_stability import (
    feature_table,
    fold_sizes,
    permutation_table,
    stability_table,
)
from radiomics_mammo.evaluation.explanation.shap_values import (
    contribution_table,
    contributions,
    importance,
    interactions,
    mean_by_case,
)
from radiomics_mammo.evaluation.options import ComparisonOptions
from radiomics_mammo.evaluation.study import Study
from radiomics_mammo.evaluation.training.held_out import HeldOut, explained_names, measure_held_out
from radiomics_mammo.evaluation.training.permutation import Shuffled, refit_shuffled
from radiomics_mammo.evaluation.training.plan import Plan
from radiomics_mammo.evaluation.training.registry import MODELS
from radiomics_mammo.runs.write import unit_names, unit_values

_ROWS = 20_000  # repeats are explained until their rows pass this; the first always is
_LEADING = 30  # features whose values are kept beside their contributions, and that are put into clusters
_PERMUTATIONS = 19  # one in twenty tables of noise then seems to say something
_FOREST_PERMUTATIONS = 9  # a forest's contributions take half a second a fold however few the rows
_FEWEST = 5
_CELLS = 100_000_000  # rows times features that are trained on with shuffled labels, all refits together
_FOREST = 20  # times as long as XGBoost's a forest's refits and contributions take
_THINNED = 2_000  # rows to which a large cohort is thinned before permutations are saved
_INTERACTIONS = 250_000  # rows times features squared, of one fold


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """What is known of the explained model.

    Attributes
    ----------
    contributions : pandas.DataFrame or None
        From :func:`~radiomics_mammo.evaluation.explanation.shap_values.contribution_table`; None where no tree model
        was compared.
    values : pandas.DataFrame or None
        ``case_id`` and the values of the leading features.
    tables : dict of str to pandas.DataFrame
        ``shap_features``, ``shap_groups``, ``shap_stability``, ``shap_interactions``, ``shap_clusters``,
        ``shap_permutation``.
    """

    contributions: pd.DataFrame | None = None
    values: pd.DataFrame | None = None
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)


def explain_study(study: Study, options: ComparisonOptions) -> Explanation:
    """Explain a study's best tree model by the rows that each of its folds left out.

    Parameters
    ----------
    study : Study
    options : ComparisonOptions
        Only the workers are looked at: the result does not depend on them.
    """
    plan, candidate = study.plan, study.explained
    if candidate is None:
        return Explanation()
    repeats = min(plan.n_repeats, max(1, _ROWS // plan.cohort.y.size))
    permutations, most_rows = shuffling_budget(plan, candidate)
    boosted = MODELS[candidate.model].boosted
    steps = plan.n_folds * (repeats + boosted + permutations)
    with progress(steps, what=f"steps of explaining {candidate.name}") as advance:

        def on_done(_: str) -> None:
            advance()

        parts = _measured(study, candidate, options, on_done, repeats=repeats, measure=contributions)
        pairs = None
        if boosted:
            counted = partial(interactions, most=_INTERACTIONS)
            pairs = _measured(study, candidate, options, on_done, repeats=1, measure=counted)
        shuffled = refit_shuffled(
            plan,
            candidate,
            study.outcome,
            measure=contributions,
            permutations=permutations,
            most_rows=most_rows,
            workers=options.workers,
            on_done=on_done,
        )
    names = explained_names(plan, candidate)
    table = contribution_table(parts, unit_names(plan.cohort), names)
    return _tables(plan, table, list(names), pairs=pairs, shuffled=shuffled)


def shuffling_budget(plan: Plan, candidate: Candidate) -> tuple[int, int]:
    """Give the number of permutations, and of rows that take part, so that a large table takes minutes, not days."""
    boosted = MODELS[candidate.model].boosted
    most = _PERMUTATIONS if boosted else min(_PERMUTATIONS, _FOREST_PERMUTATIONS)
    cost = plan.n_folds * len(explained_names(plan, candidate)) * (1 if boosted else _FOREST)
    rows = min(plan.cohort.y.size, max(_THINNED, _CELLS // (most * cost)))
    return max(_FEWEST, min(most, _CELLS // (rows * cost))), rows


def _measured(
    study: Study,
    candidate: Candidate,
    options: ComparisonOptions,
    on_done: Callable[[str], None],
    *,
    repeats: int,
    measure: Callable[..., object],
) -> list[HeldOut]:
    return measure_held_out(
        study.plan, candidate, study.outcome, repeats=repeats, measure=measure, workers=options.workers, on_done=on_done
    )


def _tables(
    plan: Plan, table: pd.DataFrame, names: list[str], *, pairs: list[HeldOut] | None, shuffled: Shuffled
) -> Explanation:
    """Sum contributions up in every way that the report shows."""
    ranked, by_case = importance(table), mean_by_case(table)
    # An embedder as a whole has contributions and no value.
    lead = [str(name) for name in ranked.index if name in plan.cohort.features][:_LEADING]
    values = unit_values(plan.cohort, lead)
    clusters = cluster_table(values.set_index("case_id").loc[by_case.index], by_case)
    sizes = fold_sizes(table)
    features = feature_table(ranked, sizes, names, shuffled=shuffled, clusters=clusters)
    null = permutation_table(shuffled)
    tables = {
        "shap_features": features,
        "shap_groups": group_table(by_case),
        "shap_stability": stability_table(
            sizes, features, null=null, rows=shuffled.rows, interaction_rows=sum(found[0] for *_, found in pairs or [])
        ),
        "shap_clusters": clusters,
        "shap_permutation": null,
    }
    if pairs is not None:
        tables["shap_interactions"] = interaction_table(names, [found for *_, found in pairs])
    return Explanation(table, values, tables)

"""SHAP values on held-out rows, interactions, and permuted refits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial

import pandas as pd

from radiomics_mammo.core.console import progress
from radiomics_mammo.evaluation.cohort.prediction_units import unit_names, unit_values
from radiomics_mammo.evaluation.cohort.records import Candidate
from radiomics_mammo.evaluation.explanation.shap_values import (
    contribution_table,
    contributions,
    importance,
    interactions,
    mean_by_case,
)
from radiomics_mammo.evaluation.metrics.arrays import Floats
from radiomics_mammo.evaluation.training.cross_validation import Outcome
from radiomics_mammo.evaluation.training.held_out import explained_names, measure_held_out
from radiomics_mammo.evaluation.training.permutation import PermutedLabels, refit_permuted_labels
from radiomics_mammo.evaluation.training.plan import Plan
from radiomics_mammo.evaluation.training.registry import estimator_of

_ROWS = 20_000  # repeats are explained until their rows pass this; the first always is
_LEADING = 30  # features whose values are stored beside their contributions, and that are clustered
_PERMUTATIONS = 19  # one in twenty tables of noise then seems significant
_COSTLY_PERMUTATIONS = 9  # a forest's contributions take half a second a fold however few the rows
_FEWEST = 5
_VALUES = 100_000_000  # rows times features that are trained on with permuted labels, all refits together
_SUBSAMPLE = 2_000  # rows to which a large cohort is subsampled before permutations are saved
_INTERACTIONS = 250_000  # rows times features squared, of one fold


@dataclass(frozen=True, eq=False)
class ShapResults:
    """SHAP values of one candidate, from which the tables ``shap_*`` are computed.

    ``interactions`` are (rows, strength) of each fold of the first repeat; None where the model is not XGBoost.
    """

    names: tuple[str, ...]
    contributions: pd.DataFrame
    values: pd.DataFrame
    permuted: PermutedLabels
    interactions: list[tuple[int, Floats]] | None

    @cached_property
    def by_case(self) -> pd.DataFrame:
        """Contributions averaged over the repeats, one row a case."""
        return mean_by_case(self.contributions)


def explain_candidate(plan: Plan, candidate: Candidate, outcome: Outcome, *, workers: int = 1) -> ShapResults:
    """Compute the SHAP values of a candidate on held-out rows."""
    repeats = min(plan.n_repeats, max(1, _ROWS // plan.cohort.y.size))
    permutations, most_rows = permutation_budget(plan, candidate)
    interacts = estimator_of(candidate).interacts
    steps = plan.n_folds * (repeats + interacts + permutations)
    with progress(steps, what=f"steps of explaining {candidate.name}") as advance:

        def on_done(_: str) -> None:
            advance()

        measure = partial(measure_held_out, plan, candidate, outcome, workers=workers, on_done=on_done)
        parts = measure(repeats=repeats, measure=contributions)
        pairs = measure(repeats=1, measure=partial(interactions, most=_INTERACTIONS)) if interacts else None
        permuted = refit_permuted_labels(
            plan,
            candidate,
            outcome,
            measure=contributions,
            permutations=permutations,
            most_rows=most_rows,
            workers=workers,
            on_done=on_done,
        )
    names = explained_names(plan, candidate)
    table = contribution_table(parts, unit_names(plan.cohort), names)
    # An embedder as a whole has contributions and no value.
    leading = [str(name) for name in importance(table).index if name in plan.cohort.features][:_LEADING]
    return ShapResults(
        names=names,
        contributions=table,
        values=unit_values(plan.cohort, leading),
        permuted=permuted,
        interactions=None if pairs is None else [summed for *_, summed in pairs],
    )


def permutation_budget(plan: Plan, candidate: Candidate) -> tuple[int, int]:
    """Return the number of permutations and of rows that bound the time."""
    row_cost = estimator_of(candidate).contribution_cost
    most = _PERMUTATIONS if row_cost == 1 else _COSTLY_PERMUTATIONS
    cost = plan.n_folds * len(explained_names(plan, candidate)) * row_cost
    rows = min(plan.cohort.y.size, max(_SUBSAMPLE, _VALUES // (most * cost)))
    return max(_FEWEST, min(most, _VALUES // (rows * cost))), rows

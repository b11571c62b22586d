"""How many settings can be tried in the minutes there are, from the time that one takes."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from radiomics_mammo.evaluation.training.cross_validation import folds_of, models_of, rank_fold, ranks, run_model
from radiomics_mammo.evaluation.training.plan import Plan

MOST = 60
_SPARED = 0.75  # of the minutes; the rest is for the statistics, the checks and the explanations


@dataclass(frozen=True, slots=True)
class Budget:
    """How many settings a candidate can be given, and the minutes that one takes."""

    trials: int
    least: float


def trials_within(plan: Plan, *, minutes: float, workers: int) -> Budget:
    """Time one fold and say how many settings a candidate can be given.

    The number depends on the machine, so a run records it: the same number with ``--trials`` gives the same run.
    """
    pilot = replace(plan, tuning=replace(plan.tuning, trials=1, select="none"))
    started = time.perf_counter()
    if ranks(plan):
        rank_fold(plan, 0, 0)
    ranked = time.perf_counter()
    for model in models_of(plan):
        run_model(pilot, model, 0, 0, {})
    done = time.perf_counter()
    single_s, folds = max(done - ranked, 1e-3), len(folds_of(plan))
    at_hand = 60.0 * minutes * _SPARED * min(workers, folds) / folds - (ranked - started)
    least = folds * (done - started) / min(workers, folds) / _SPARED / 60.0
    # One trial costs what the pilot took; a further one a little less, as the last fit is not repeated.
    return Budget(int(min(MOST, max(1, 1 + (at_hand - single_s) / (0.8 * single_s)))), least)

"""How many settings can be tried in the minutes there are, from the time that one takes."""

from __future__ import annotations

import time
from dataclasses import replace

from radiomics_mammo.models.training.crossval import folds_of, run_model
from radiomics_mammo.models.training.plan import Plan

MOST = 60
_SPARED = 0.75  # of the minutes; the rest is for the statistics, the checks and the explanations


def trials_within(plan: Plan, *, minutes: float, workers: int) -> int:
    """Time one fold with the default settings and say how many settings an arm can be given; at least 1.

    The number depends on the machine, so a run records it: the same number with ``--trials`` gives the same run.

    Parameters
    ----------
    plan : Plan
    minutes : float
    workers : int
    """
    pilot = replace(plan, tuning=replace(plan.tuning, trials=1, select="none"))
    started = time.perf_counter()
    for model in plan.models:
        run_model(pilot, model, 0, 0, {})
    one = max(time.perf_counter() - started, 1e-3)
    at_hand = 60.0 * minutes * _SPARED * min(workers, len(folds_of(plan)))
    # One trial costs what the pilot took; a further one a little less, as the last fit is not repeated.
    return int(min(MOST, max(1, 1 + (at_hand / len(folds_of(plan)) - one) / (0.8 * one))))

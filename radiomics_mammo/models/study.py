"""One comparison from table to figures: the Python face of ``compare``, without files or screen."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from radiomics_mammo.models import DEFAULT_ARMS, parse_arms
from radiomics_mammo.models.comparison import best_arm, compare_arms
from radiomics_mammo.models.data.cohort import Question, prepare_cohort
from radiomics_mammo.models.records import Arm, Cohort, Settings
from radiomics_mammo.models.training.crossval import Outcome, Plan, cross_validate
from radiomics_mammo.models.training.device import Device
from radiomics_mammo.models.training.splits import repeated_folds


@dataclass(frozen=True, slots=True)
class Options:
    """What a comparison is asked to do; defaults are the command's.

    Attributes
    ----------
    folds, repeats, seed : int
    models : str
        Comma-separated arms.
    bootstrap : int
        Draws of people for the intervals.
    tree_method, device : str
        As asked for; see :func:`radiomics_mammo.models.training.device.resolve_device`.
    workers : int
        Processes; changes the time only.
    """

    folds: int = 5
    repeats: int = 3
    seed: int = 0
    models: str = ",".join(DEFAULT_ARMS)
    bootstrap: int = 1_000
    tree_method: str = "hist"
    device: str = ""
    workers: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """A comparison that was carried out.

    Attributes
    ----------
    plan : Plan
        Cohort, folds, arms, settings, seed.
    outcome : Outcome
        Out-of-fold predictions.
    summary, differences : pandas.DataFrame
        From :func:`radiomics_mammo.models.comparison.compare_arms`.
    best, best_tree : Arm or None
        Highest AUROC of all arms but the floor, and of the tree models.
    notes : tuple of str
        What the models and the intervals made necessary.
    seconds : dict of str to float
        Wall time of the stages.
    """

    plan: Plan
    outcome: Outcome
    summary: pd.DataFrame
    differences: pd.DataFrame
    best: Arm | None
    best_tree: Arm | None
    notes: tuple[str, ...]
    seconds: dict[str, float]


def plan_study(
    frame: pd.DataFrame, features: Sequence[str], *, question: Question, options: Options, device: Device
) -> Plan:
    """Check table and options and lay the folds out; nothing is trained.

    Raises
    ------
    InputError
        The table cannot answer the question, or the options do not fit it.
    """
    arms = parse_arms(options.models)
    cohort: Cohort = prepare_cohort(frame, features, question=question)
    folds = repeated_folds(cohort.y, cohort.group, folds=options.folds, repeats=options.repeats, seed=options.seed)
    return Plan(cohort, folds, arms, Settings(device.tree_method, device.device), options.seed)


def run_study(plan: Plan, *, options: Options, on_done: Callable[[str], None] | None = None) -> Study:
    """Train, predict, and compare.

    Parameters
    ----------
    plan : Plan
    options : Options
    on_done : callable (arm name) -> None, optional
        Called after each fold of each arm.
    """
    started = time.perf_counter()
    outcome = cross_validate(plan, workers=options.workers, on_done=on_done)
    trained = time.perf_counter()
    summary, differences, undefined = compare_arms(plan, outcome.p, draws=options.bootstrap)
    lacking = f"{undefined} of {options.bootstrap} bootstrap draws lack a class and are not in the intervals"
    return Study(
        plan=plan,
        outcome=outcome,
        summary=summary,
        differences=differences,
        best=best_arm(summary, plan.arms),
        best_tree=best_arm(summary, plan.arms, tree=True),
        notes=(*outcome.notes, *([lacking] if undefined else [])),
        seconds={"train": trained - started, "intervals": time.perf_counter() - trained},
    )

"""One comparison from tables to figures: the Python face of ``compare``, without files or screen."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from radiomics_mammo.errors import InputError
from radiomics_mammo.models import (
    DEFAULT_ARMS,
    EMBEDDED_ARMS,
    ENSEMBLES,
    FUSED_ARMS,
    IMBALANCED,
    MEMBERS,
    MODELS,
    SAMPLERS,
    block_of,
    parse_arm,
    parse_arms,
)
from radiomics_mammo.models.comparison import Compared, best_arm, compare_arms, explained_arm
from radiomics_mammo.models.data.sides import Sides
from radiomics_mammo.models.embedded_findings import probes_table
from radiomics_mammo.models.findings import Tables, oof_tables, shifted, test_tables, twin_verdicts
from radiomics_mammo.models.honesty.canaries import canaries
from radiomics_mammo.models.honesty.leakage import leakage_prices
from radiomics_mammo.models.records import FEATURES, Arm, Cohort, Settings
from radiomics_mammo.models.statistics.label_shift import shift_table
from radiomics_mammo.models.statistics.operating import parse_rule
from radiomics_mammo.models.statistics.subgroups import SUBGROUPS
from radiomics_mammo.models.training.calibrate import CALIBRATIONS
from radiomics_mammo.models.training.crossval import Outcome, cross_validate
from radiomics_mammo.models.training.device import Device
from radiomics_mammo.models.training.plan import Plan, Tuning, check_people, check_samplers
from radiomics_mammo.models.training.ranking import RANKINGS
from radiomics_mammo.models.training.splits import repeated_folds
from radiomics_mammo.models.training.store import FoldStore


@dataclass(frozen=True, slots=True)
class Options:
    """What a comparison is asked to do; defaults are the command's.

    Attributes
    ----------
    folds, repeats, seed : int
    models : str
        Comma-separated arms; empty for the default ones that the table has columns for.
    members : str
        Arms that the ensembles are made of; empty for the default ones among those compared.
    trials, inner : int
        Settings tried for each arm, and inner folds.
    select, calibration, operate_at : str
        As in :class:`radiomics_mammo.models.training.plan.Tuning`.
    keep : str
        The arm whose model is kept; empty for the best.
    sensitivity, confidence : float
        Of the certified threshold.
    shift : str
        Prevalence that the test set's probabilities are moved to: ``em``, a number, or empty for none.
    bootstrap : int
        Draws of people for the intervals.
    tree_method, device : str
        As asked for; see :func:`radiomics_mammo.models.training.device.resolve_device`.
    leakage : bool
        Whether the prices of the usual mistakes are computed.
    workers : int
        Processes; changes the time only.
    """

    folds: int = 5
    repeats: int = 3
    seed: int = 0
    models: str = ""
    members: str = ""
    trials: int = 6
    inner: int = 3
    select: str = "auto"
    calibration: str = "sigmoid"
    operate_at: str = "sensitivity:0.9"
    keep: str = ""
    sensitivity: float = 0.95
    confidence: float = 0.90
    shift: str = ""
    bootstrap: int = 1_000
    tree_method: str = "hist"
    device: str = ""
    leakage: bool = True
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
    compared : Compared
        Summary and differences of twins.
    tables : dict of str to pandas.DataFrame
        Everything else, by the name of its file.
    best, explained, kept : Arm or None
        Highest AUROC of all arms but the baselines; the arm that SHAP explains
        (:func:`radiomics_mammo.models.comparison.explained_arm`); the arm whose model is kept, never an ensemble.
    notes : tuple of str
        What the models and the intervals made necessary.
    seconds : dict of str to float
        Wall time of the stages.
    """

    plan: Plan
    outcome: Outcome
    compared: Compared
    tables: Tables
    best: Arm | None
    explained: Arm | None
    kept: Arm | None
    notes: tuple[str, ...]
    seconds: dict[str, float]


def check_options(options: Options, *, test: bool) -> None:
    """Refuse what makes no sense before anything is read.

    Raises
    ------
    InputError
        Naming the option and what it may be.
    """
    parse_rule(options.operate_at)
    if options.models:
        parse_arms(options.models)
    if options.members:
        parse_arms(options.members)
    if options.keep:
        _check_kept(options.keep)
    for name, value, least in (
        ("--bootstrap", options.bootstrap, 1),
        ("--trials", options.trials, 1),
        ("--inner-folds", options.inner, 2),
        ("--workers", options.workers, 0),
        ("--seed", options.seed, 0),
    ):
        if value < least:
            raise InputError(f"{name} is {value}", remedy=f"It must be {least} or more.")
    for name, word, allowed in (
        ("--select", options.select, ("auto", "none", *RANKINGS)),
        ("--calibration", options.calibration, CALIBRATIONS),
    ):
        if word not in allowed:
            raise InputError(f"{name} {word!r} is unknown", remedy=f"Choose one of {', '.join(allowed)}.")
    for name, share in (("--sensitivity", options.sensitivity), ("--confidence", options.confidence)):
        if not 0 < share < 1:
            raise InputError(f"{name} is {share:g}", remedy="It must lie between 0 and 1.")
    _check_shift(options.shift, test=test)


def _check_kept(keep: str) -> None:
    model = MODELS[parse_arm(keep).model]
    if model.fit == "ensemble":
        raise InputError(f"--keep {keep}: an ensemble is of several models", remedy="Name one of its members.")
    if model.baseline:
        raise InputError(
            f"--keep {keep}: a baseline is a yardstick, not a model to score new cases with",
            remedy="Name an arm that learns from the features.",
        )


def _check_shift(shift: str, *, test: bool) -> None:
    if not shift:
        return
    if not test:
        raise InputError(
            "--shift moves the test set's probabilities, and there is none", remedy="Add --test or --split."
        )
    try:
        fits = shift == "em" or 0 < float(shift) < 1
    except ValueError:
        fits = False
    if not fits:
        raise InputError(f"--shift {shift!r} is unknown", remedy="Use em, or a prevalence between 0 and 1.")


def plan_study(sides: Sides, *, options: Options, device: Device) -> Plan:
    """Lay arms and folds out; nothing is trained.

    Raises
    ------
    InputError
        The table cannot answer the question, or the options do not fit it.
    """
    cohort = sides.train
    arms, left_out = _arms(cohort, options.models)
    if options.keep and parse_arm(options.keep) not in arms:
        raise InputError(f"--keep {options.keep}: that arm is not compared", remedy="Name it with --models, too.")
    tested = [] if sides.test is None else [f"Test set: {remark}" for remark in sides.test.remarks]
    remarks = (*sides.remarks, *cohort.remarks, *tested, *left_out, *_unread(cohort, arms))
    units = cohort.units
    folds = repeated_folds(units.y, units.group, folds=options.folds, repeats=options.repeats, seed=options.seed)
    tuning = Tuning(options.trials, options.inner, options.select, options.calibration, options.operate_at)
    settings = Settings(device.tree_method, device.device)
    members = _members(arms, options.members)
    plan = Plan(replace(cohort, remarks=remarks), folds, arms, settings, options.seed, tuning, sides.test, members)
    check_people(plan)
    check_samplers(plan)
    return plan


def _unread(cohort: Cohort, arms: Sequence[Arm]) -> list[str]:
    """Say how many rows the radiologists' curve has no reading of."""
    if Arm("readers") not in arms:
        return []
    lacking = int(np.isnan(cohort.blocks["readers"].x).any(axis=1).sum())
    if not lacking:
        return []
    return [
        f"{lacking} of {cohort.y.size} rows have no assessment (or 0): the readers' curve takes the median for them."
    ]


def _arms(cohort: Cohort, models: str) -> tuple[tuple[Arm, ...], list[str]]:
    """Give the arms asked for, or the default ones that the table has columns for, and say which it has not."""
    asked = parse_arms(models) if models else _default_arms(cohort)
    lacking = [arm for arm in asked if not _able(arm, cohort)]
    if models and lacking:
        raise InputError(
            f"no columns for {', '.join(arm.name for arm in lacking)}",
            remedy="Take them out of --models, or join a table that has the columns (embeddings come from "
            "python -m radiomics_mammo.embed).",
        )
    arms = tuple(arm for arm in asked if arm not in lacking)
    if not models and min(cohort.units.y.mean(), 1 - cohort.units.y.mean()) < IMBALANCED:
        arms = (*arms, Arm("xgboost", "bagging"))
    left_out = [f"No columns for the baselines {', '.join(arm.name for arm in lacking)}."] if lacking else []
    return arms, left_out


def run_study(
    plan: Plan,
    *,
    options: Options,
    store: FoldStore | None = None,
    on_done: Callable[[str], None] | None = None,
) -> Study:
    """Train, predict, compare, and look for leaks.

    Parameters
    ----------
    plan : Plan
    options : Options
    store : FoldStore, optional
        Keeps finished folds (see :func:`radiomics_mammo.models.training.crossval.cross_validate`).
    on_done : callable (arm name) -> None, optional
        Called after each fold of each arm.
    """
    clock = _Clock()
    outcome = cross_validate(plan, workers=options.workers, store=store, on_done=on_done)
    clock.lap("train")
    notes = [*outcome.notes, *_differing_twins(plan)]
    compared, best, tables = _judge(plan, outcome, options, notes)
    clock.lap("judge")
    tables |= _honesty(plan, options, notes)
    clock.lap("leaks")
    single = [arm for arm in plan.arms if MODELS[arm.model].fit != "ensemble"]
    return Study(
        plan,
        outcome,
        compared,
        tables,
        best,
        explained_arm(compared.summary, plan.arms),
        parse_arm(options.keep) if options.keep else best_arm(compared.summary, single),
        tuple(notes),
        clock.seconds,
    )


def _judge(plan: Plan, outcome: Outcome, options: Options, notes: list[str]) -> tuple[Compared, Arm | None, Tables]:
    """Turn predictions into tables, and add to the notes what that made necessary."""
    draws, workers = options.bootstrap, options.workers
    units = plan.cohort.units
    compared = compare_arms(plan.arms, units, outcome.p, draws=draws, seed=plan.seed, workers=workers)
    compared = replace(compared, differences=twin_verdicts(plan, outcome, compared.differences))
    best = best_arm(compared.summary, plan.arms)
    tables = oof_tables(
        plan,
        outcome,
        compared,
        best=best,
        draws=draws,
        workers=workers,
        sensitivity=options.sensitivity,
        confidence=options.confidence,
    )
    if plan.test is not None:
        certified = tables.get("certified")
        tables |= test_tables(
            plan,
            outcome,
            best=best,
            certified=certified,
            sensitivity=options.sensitivity,
            draws=draws,
            workers=workers,
        )
        tables |= _shift(plan, outcome, options, best, notes)
    probes = probes_table(plan, tables["auroc"], tables.get("test_auroc"))
    if probes is not None:
        tables["probes"] = probes
    if compared.undefined:
        notes.append(f"{compared.undefined} of {draws} bootstrap draws lack a class: not in the intervals")
    return compared, best, tables


def _differing_twins(plan: Plan) -> list[str]:
    """Say where twins differ in more than the resampling."""
    filled = [arm.name for arm in plan.arms if MODELS[arm.model].boosted and _fills(arm)]
    if not filled or not np.isnan(plan.cohort.x).any():
        return []
    return [f"{', '.join(filled)}: nulls filled before resampling, where XGBoost alone takes them as they are"]


def _fills(arm: Arm) -> bool:
    return SAMPLERS[arm.sampler].interpolates or arm.sampler == "bagging"


def _default_arms(cohort: Cohort) -> tuple[Arm, ...]:
    """Give the arms that are compared where none are named: they depend on what the table has."""
    plain = [parse_arm(name) for name in DEFAULT_ARMS]
    arms = [arm for arm in plain if cohort.radiomic or block_of(arm) != FEATURES or MODELS[arm.model].baseline]
    if cohort.embedded is None:
        return tuple(arms)
    arms += [parse_arm(name) for name in EMBEDDED_ARMS]
    if len(cohort.embedders) > 1:
        arms += [Arm(name, block=one) for one in cohort.embedders for name in (EMBEDDED_ARMS[0], EMBEDDED_ARMS[-1])]
    if cohort.radiomic:
        arms += [parse_arm(name) for name in (*FUSED_ARMS, *ENSEMBLES)]
    return tuple(arms)


def _able(arm: Arm, cohort: Cohort) -> bool:
    return MODELS[arm.model].fit == "ensemble" or cohort.offers(block_of(arm))


def _members(arms: Sequence[Arm], asked: str) -> tuple[Arm, ...]:
    """Settle what the ensembles among the arms are made of.

    Raises
    ------
    InputError
        There are fewer than two members, one is not compared, or one cannot be a member.
    """
    if not any(MODELS[arm.model].fit == "ensemble" for arm in arms):
        if asked:
            raise InputError("--members: no ensemble is compared", remedy="Name average, rank-average or stack, too.")
        return ()
    named = parse_arms(asked) if asked else tuple(arm for arm in map(parse_arm, MEMBERS) if arm in arms)
    wrong = [arm.name for arm in named if arm not in arms or MODELS[arm.model].fit in ("ensemble", "none")]
    if wrong:
        raise InputError(
            f"{', '.join(wrong)} cannot be members of an ensemble here",
            remedy="Members are arms that are compared, with --models, and learn something.",
        )
    if len(named) < 2:
        raise InputError(
            "an ensemble needs two members", remedy=f"Name them with --members; by default: {', '.join(MEMBERS)}."
        )
    return named


class _Clock:
    """A stopwatch that names its laps."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        """Keep the time since the last lap."""
        now = time.perf_counter()
        self.seconds[name], self._last = now - self._last, now


def _shift(plan: Plan, outcome: Outcome, options: Options, best: Arm | None, notes: list[str]) -> Tables:
    """State the label shift between training and test people and, on request, correct for it."""
    assert plan.test is not None
    here, there = plan.cohort.units, plan.test.units
    tables = {
        "label_shift": shift_table(
            (here.rows, here.y, here.group), (there.rows, there.y, there.group), columns=SUBGROUPS
        )
    }
    if options.shift:
        moved, said = shifted(plan, outcome, asked=options.shift, by=best or plan.arms[0], draws=options.bootstrap)
        notes.append(said)
        p = pd.DataFrame(moved)[[arm.name for arm in plan.arms]].to_numpy().T[:, None]
        tables["test_shifted"] = compare_arms(plan.arms, there, p, draws=options.bootstrap, seed=plan.seed).summary
    return tables


def _honesty(plan: Plan, options: Options, notes: list[str]) -> Tables:
    cohort = plan.cohort
    by_row = plan.fold_of[:, cohort.units.of]
    tables = {"canaries": canaries(cohort, by_row, seed=plan.seed, workers=options.workers)}
    if options.leakage:
        prices = leakage_prices(
            cohort, seed=plan.seed, folds=plan.n_folds, repeats=plan.n_repeats, workers=options.workers
        )
        tables["leakage"] = prices.table
        notes += prices.remarks
    return tables

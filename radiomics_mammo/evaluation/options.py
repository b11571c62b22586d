"""What a comparison is asked to do, checked before anything is read."""

from __future__ import annotations

from dataclasses import dataclass

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.metrics.operating_point import parse_rule
from radiomics_mammo.evaluation.training.calibration import CALIBRATIONS
from radiomics_mammo.evaluation.training.feature_selection import RANKINGS
from radiomics_mammo.evaluation.training.registry import MODELS, parse_candidate, parse_candidates


@dataclass(frozen=True, slots=True)
class Options:
    """What a comparison is asked to do; defaults are the command's.

    Attributes
    ----------
    folds, repeats, seed : int
    models : str
        Comma-separated candidates; empty for the default ones that the table has columns for.
    members : str
        Candidates that the ensembles are made of; empty for the default ones among those compared.
    trials, inner : int
        Settings tried for each candidate, and inner folds.
    select, calibration, operate_at : str
        As in :class:`radiomics_mammo.evaluation.training.plan.Tuning`.
    final_model : str
        The candidate whose final model is saved; empty for the best.
    sensitivity, confidence : float
        Of the certified threshold.
    shift : str
        Prevalence that the test set's probabilities are moved to: ``em``, a number, or empty for none.
    bootstrap : int
        Draws of patients for the intervals.
    tree_method, device : str
        As asked for; see :func:`radiomics_mammo.evaluation.training.device.resolve_device`.
    leakage : bool
        Whether the AUROC inflation by common leakage errors is measured.
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
    final_model: str = ""
    sensitivity: float = 0.95
    confidence: float = 0.90
    shift: str = ""
    bootstrap: int = 1_000
    tree_method: str = "hist"
    device: str = ""
    leakage: bool = True
    workers: int = 1


def check_options(options: Options, *, test: bool) -> None:
    """Refuse what makes no sense before anything is read.

    Raises
    ------
    InputError
        Naming the option and what it may be.
    """
    parse_rule(options.operate_at)
    if options.models:
        parse_candidates(options.models)
    if options.members:
        parse_candidates(options.members)
    if options.final_model:
        _check_final_model(options.final_model)
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


def _check_final_model(name: str) -> None:
    model = MODELS[parse_candidate(name).model]
    if model.fit == "ensemble":
        raise InputError(f"--final-model {name}: an ensemble is of several models", remedy="Name one of its members.")
    if model.baseline:
        raise InputError(
            f"--final-model {name}: a baseline is not a model to score new cases with",
            remedy="Name a candidate that learns from the features.",
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

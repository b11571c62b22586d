"""Options of a comparison, checked before any table is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from radiomics_mammo.core.option import at_least, check_options, option, strictly_between
from radiomics_mammo.errors import InputError

_MODELS, _CV, _XGBOOST = "Models", "Cross-validation", "XGBoost"
_INNER, _TEST = "Inner cross-validation and final model", "Held-out test set"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonOptions:
    """Options of a comparison; models and members are comma-separated."""

    models: str = option("", group=_MODELS, help="models to compare (default: all that the tables have columns for)")
    members: str = option(
        "",
        group=_MODELS,
        metavar="MODELS",
        help="models that average, rank-average and stack combine (default: logistic, xgboost+oversampling, "
        "emb-logistic, emb-xgboost)",
    )
    folds: int = option(5, group=_CV, metavar="N", help="outer folds")
    repeats: int = option(3, group=_CV, metavar="N", help="repetitions of the outer cross-validation")
    seed: int = option(0, group=_CV, metavar="N", help="seed of folds, models and bootstrap", check=at_least(0))
    trials: int = option(
        6,
        group=_CV,
        metavar="N",
        exclusive="trials",
        help="hyperparameter settings tried for each model in each fold; the first are the defaults",
        check=at_least(1),
    )
    bootstrap: int = option(
        1_000, group=_CV, metavar="N", help="bootstrap samples of patients for the intervals", check=at_least(1)
    )
    workers: int = option(
        0,
        group=_CV,
        metavar="N",
        help="processes; they change the run time only (default: all usable cores)",
        check=at_least(0),
    )
    leakage: bool = option(
        True, group=_CV, flag="--no-leakage", help="do not measure the AUROC inflation by common leakage errors"
    )
    tree_method: Literal["hist", "approx", "exact", "gpu_hist"] = option(
        "hist", group=_XGBOOST, help="tree method; gpu_hist means hist on CUDA, where there is a device"
    )
    device: Literal["cpu", "cuda", "auto"] | None = option(
        None, group=_XGBOOST, help="device; auto takes CUDA where there is a device (default: cpu)"
    )
    inner_folds: int = option(
        3, group=_INNER, metavar="N", help="inner folds for tuning and calibration", check=at_least(2)
    )
    select: Literal["auto", "none", "mrmr", "l1", "boruta"] = option(
        "auto",
        group=_INNER,
        help="feature selection: auto tunes it for linear models and SVMs; a method applies to all models but XGBoost",
    )
    calibration: Literal["sigmoid", "isotonic", "none"] = option(
        "sigmoid", group=_INNER, help="calibration of the probabilities"
    )
    operate_at: str = option(
        "sensitivity:0.9",
        group=_INNER,
        metavar="RULE",
        help="operating point: sensitivity:0.9, specificity:0.9, youden or a probability",
    )
    final_model: str = option(
        "",
        group=_INNER,
        metavar="MODEL",
        help="model that is fitted to all patients and saved (default: that with the highest AUROC)",
    )
    sensitivity: float = option(
        0.95, group=_INNER, metavar="P", help="sensitivity by patient to certify", check=strictly_between(0, 1)
    )
    confidence: float = option(
        0.90, group=_INNER, metavar="P", help="confidence of that certificate", check=strictly_between(0, 1)
    )
    shift: str = option(
        "",
        group=_TEST,
        metavar="em|P",
        help="adapt the probabilities on the test set to another prevalence; em estimates it without labels",
    )

    def __post_init__(self) -> None:
        from radiomics_mammo.evaluation.metrics.operating_point import parse_rule
        from radiomics_mammo.evaluation.training.registry import parse_candidates

        check_options(self)
        parse_rule(self.operate_at)
        for names in (self.models, self.members):
            if names:
                parse_candidates(names)
        if self.final_model:
            _check_final_model(self.final_model)
        if self.shift and not _is_prevalence(self.shift):
            raise InputError(f"--shift {self.shift!r} is unknown", remedy="Use em, or a prevalence between 0 and 1.")
        if not self.workers:
            from joblib import cpu_count

            object.__setattr__(self, "workers", cpu_count())


def _is_prevalence(shift: str) -> bool:
    try:
        return shift == "em" or 0 < float(shift) < 1
    except ValueError:
        return False


def _check_final_model(name: str) -> None:
    from radiomics_mammo.evaluation.training.registry import MODELS, parse_candidate

    model = MODELS[parse_candidate(name).model]
    if model.ensemble:
        raise InputError(f"--final-model {name}: an ensemble is of several models", remedy="Name one of its members.")
    if model.baseline:
        raise InputError(
            f"--final-model {name}: a baseline is not a model to score new cases with",
            remedy="Name a candidate that learns from the features.",
        )

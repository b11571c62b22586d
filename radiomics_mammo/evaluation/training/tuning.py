"""Tuning of a candidate's parameters: the defaults first, then what Optuna proposes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from radiomics_mammo.evaluation.training.estimators.base import Draw, Parameters, Report, Trial


@dataclass(slots=True)
class Defaults:
    """A ``Draw`` of the defaults, which it records."""

    drawn: Parameters = field(default_factory=dict)

    def log_uniform(self, name: str, default: float, low: float, high: float) -> float:  # noqa: ARG002
        """Return the default."""
        self.drawn[name] = default
        return default

    def uniform(self, name: str, default: float, low: float, high: float) -> float:
        """Return the default."""
        return self.log_uniform(name, default, low, high)

    def integer(self, name: str, default: int, low: int, high: int) -> int:  # noqa: ARG002
        """Return the default."""
        self.drawn[name] = default
        return default

    def categorical(self, name: str, default: str, options: tuple[str, ...]) -> str:  # noqa: ARG002
        """Return the default."""
        self.drawn[name] = default
        return default


@dataclass(frozen=True, slots=True)
class _Proposed:
    trial: Any

    def log_uniform(self, name: str, default: float, low: float, high: float) -> float:  # noqa: ARG002
        return float(self.trial.suggest_float(name, low, high, log=True))

    def uniform(self, name: str, default: float, low: float, high: float) -> float:  # noqa: ARG002
        return float(self.trial.suggest_float(name, low, high))

    def integer(self, name: str, default: int, low: int, high: int) -> int:  # noqa: ARG002
        return int(self.trial.suggest_int(name, low, high))

    def categorical(self, name: str, default: str, options: tuple[str, ...]) -> str:  # noqa: ARG002
        return str(self.trial.suggest_categorical(name, options))


def search(
    attempt: Callable[[Parameters, Report], Trial],
    space: Callable[[Draw], Parameters],
    *,
    trials: int,
    seed: int,
) -> Trial:
    """Return the best of several trials; of equal ones the first.

    The first has the space's defaults, so the result is never worse than them on the inner folds. The others are
    proposed by Optuna's tree-structured Parzen estimator (Bergstra et al., NeurIPS 2011), and pruned after an inner
    fold on which they are below the median of those before.
    """
    defaults = Defaults()
    parameters = space(defaults)
    if trials <= 1 or not defaults.drawn:
        return attempt(parameters, lambda *_: False)
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=max(3, trials // 2)),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=2),
    )
    study.enqueue_trial(defaults.drawn)
    best: Trial | None = None
    for _ in range(trials):
        proposal = study.ask()
        trial = attempt(space(_Proposed(proposal)), _reporter(proposal))
        study.tell(proposal, trial.score, state=None if trial.score is not None else optuna.trial.TrialState.PRUNED)
        if trial.score is not None and (best is None or best.score is None or trial.score > best.score):
            best = trial
    assert best is not None  # the first are never pruned
    return best


def _reporter(proposal: Any) -> Report:
    def report(score: float, step: int) -> bool:
        proposal.report(score, step)
        return bool(proposal.should_prune())

    return report

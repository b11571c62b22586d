"""The search for a candidate's settings: the defaults first, then what Optuna proposes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from radiomics_mammo.evaluation.training.estimators import Draw, Parameters


@dataclass(slots=True)
class Defaults:
    """A :class:`~radiomics_mammo.evaluation.training.estimators.Draw` of the defaults, which it takes note of."""

    drawn: Parameters = field(default_factory=dict)

    def real(self, name: str, default: float, low: float, high: float) -> float:  # noqa: ARG002
        """Give the default."""
        self.drawn[name] = default
        return default

    def share(self, name: str, default: float, low: float, high: float) -> float:
        """Give the default."""
        return self.real(name, default, low, high)

    def whole(self, name: str, default: int, low: int, high: int) -> int:  # noqa: ARG002
        """Give the default."""
        self.drawn[name] = default
        return default

    def choice(self, name: str, default: str, options: tuple[str, ...]) -> str:  # noqa: ARG002
        """Give the default."""
        self.drawn[name] = default
        return default


@dataclass(frozen=True, slots=True)
class _Proposed:
    trial: Any

    def real(self, name: str, default: float, low: float, high: float) -> float:  # noqa: ARG002
        return float(self.trial.suggest_float(name, low, high, log=True))

    def share(self, name: str, default: float, low: float, high: float) -> float:  # noqa: ARG002
        return float(self.trial.suggest_float(name, low, high))

    def whole(self, name: str, default: int, low: int, high: int) -> int:  # noqa: ARG002
        return int(self.trial.suggest_int(name, low, high))

    def choice(self, name: str, default: str, options: tuple[str, ...]) -> str:  # noqa: ARG002
        return str(self.trial.suggest_categorical(name, options))


Report = Callable[[float, int], bool]
"""Told the score so far and the step; says whether to give these settings up."""


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """One setting and what it came to; no score where it was given up."""

    parameters: Parameters
    score: float | None
    held: Any


def search(
    attempt: Callable[[Parameters, Report], Tried],
    space: Callable[[Draw], Parameters],
    *,
    trials: int,
    seed: int,
) -> Tried:
    """Try settings and give back the best; of equal ones the first.

    The first are the space's defaults, so the result is never worse than them on the inner folds. The others are
    proposed by Optuna's tree-structured Parzen estimator (Bergstra et al., NeurIPS 2011), and given up after an
    inner fold on which they are below the median of those before.

    Parameters
    ----------
    attempt : callable (parameters, report) -> Tried
    space : callable (Draw) -> parameters
    trials : int
    seed : int
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
    best: Tried | None = None
    for _ in range(trials):
        trial = study.ask()
        tried = attempt(space(_Proposed(trial)), _reporter(trial))
        study.tell(trial, tried.score, state=None if tried.score is not None else optuna.trial.TrialState.PRUNED)
        if tried.score is not None and (best is None or best.score is None or tried.score > best.score):
            best = tried
    assert best is not None  # the first are never given up
    return best


def _reporter(trial: Any) -> Report:
    def report(score: float, step: int) -> bool:
        trial.report(score, step)
        return bool(trial.should_prune())

    return report

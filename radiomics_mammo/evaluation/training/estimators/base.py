"""What a kind of model does: tune on inner folds, fit, score, explain, save and load."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.training.calibration import expit
from radiomics_mammo.evaluation.training.plan import WHOLE
from radiomics_mammo.evaluation.training.samplers import SAMPLERS

if TYPE_CHECKING:
    from radiomics_mammo.evaluation.cohort.records import Settings
    from radiomics_mammo.evaluation.training.candidate_rows import CandidateRows

Floats = NDArray[np.float64]
Parameters = dict[str, Any]


class Draw(Protocol):
    """Draws one value of each parameter: the search's, or the default."""

    def log_uniform(self, name: str, default: float, low: float, high: float) -> float:
        """Draw a positive number on a logarithmic scale."""
        ...

    def uniform(self, name: str, default: float, low: float, high: float) -> float:
        """Draw a number on a linear scale."""
        ...

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        """Draw a whole number."""
        ...

    def categorical(self, name: str, default: str, options: tuple[str, ...]) -> str:
        """Draw one of some names."""
        ...


class Report(Protocol):
    """Receives the score so far and the step; returns whether to give these parameters up."""

    def __call__(self, score: float, step: int) -> bool:
        """Return whether to stop."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One setting and its scores on the inner folds.

    Attributes
    ----------
    parameters : dict
        Those that were tried, and those that early stopping found.
    score : float or None
        Mean AUROC of the inner folds; None where the trial was pruned.
    validation : list of ndarray of float64
        Scores of each inner fold's validation rows.
    curves : ndarray of float64, shape (n_points, 6), or None
        Learning curves, where the kind of model records them.
    """

    parameters: Parameters
    score: float | None
    validation: list[Floats]
    curves: Floats | None = None


class Estimator(ABC):
    """A kind of model; it holds settings only, what is fitted is ``model``.

    Attributes
    ----------
    extra : str
        This package's extra that installs the library; empty where it is always there.
    constant : bool
        Whether it scores all rows alike, so that nothing is to be tuned, ranked or calibrated.
    native_nulls : bool
        Whether it takes NaN in radiomic features as they are, unless they are filled for a sampler.
    resampled : bool
        Whether samplers go with it.
    selects : bool
        Whether it can be fitted on few selected features.
    calibration : str
        A calibration that replaces the run's; empty for none.
    contribution_unit : str
        What :meth:`contributions` add up to, ``log-odds`` or ``probability``; empty where it has none.
    contribution_cost : int
        Time of a row's contributions, in those of XGBoost.
    interacts : bool
        Whether it has :meth:`interactions`.
    """

    library: str = "scikit-learn"
    extra: str = ""
    file: str = "estimator.skops"
    constant: bool = False
    native_nulls: bool = False
    resampled: bool = True
    selects: bool = False
    calibration: str = ""
    contribution_unit: str = ""
    contribution_cost: int = 1
    interacts: bool = False

    def space(self, draw: Draw) -> Parameters:  # noqa: ARG002 (nothing to tune)
        """Return the tuned parameters; the first draw gives the defaults."""
        return {}

    @property
    def bag_member(self) -> SklearnEstimator | None:
        """Return the kind of the members of a balanced bag; None where it cannot be bagged."""
        return None

    def takes(self, sampler: str) -> bool:
        """Return whether a sampler goes with it."""
        return sampler == "none" or (self.resampled and (sampler != "bagging" or self.bag_member is not None))

    def require(self) -> None:
        """Raise an error that names the installation command unless the library is installed."""
        if self.extra and find_spec(self.library) is None:
            raise InputError(
                f"{self.library} is not installed", remedy=f'Run pip install "radiomics-mammo[{self.extra}]".'
            )

    def preparation(self, rows: CandidateRows, parameters: Parameters) -> Any:
        """Return the preparation that was fitted on all training rows of the fold."""
        return rows.preparation(parameters)

    @abstractmethod
    def fit_folds(self, rows: CandidateRows, parameters: Parameters, report: Report) -> Trial:
        """Fit the inner folds with some parameters, and score their validation rows."""

    @abstractmethod
    def fit(self, rows: CandidateRows, parameters: Parameters, part: int = WHOLE) -> Any:
        """Fit a model on an inner fold's training rows, or on all of the outer fold."""

    @abstractmethod
    def score_fold(self, model: Any, x: Floats) -> Floats:
        """Score prepared rows between 0 and 1, as the library does; shape (n_rows,)."""

    def score(self, model: Any, x: Floats) -> Floats:
        """Score prepared rows; the bits of a row's score depend on neither the other rows nor BLAS."""
        return self.score_fold(model, x)

    def contributions(self, model: Any, x: Floats) -> Floats:
        """Compute SHAP values and, last, the base value; shape (n_rows, n_columns + 1)."""
        raise NotImplementedError

    def interactions(self, model: Any, x: Floats) -> Floats:
        """Compute SHAP interaction values, shape (n_rows, n_columns + 1, n_columns + 1)."""
        raise NotImplementedError

    @abstractmethod
    def save(self, model: Any) -> bytes:
        """Return the fitted model in a format that runs no code, always the same bytes."""

    @abstractmethod
    def load(self, content: bytes, *, path: Path) -> tuple[Any, tuple[str, ...]]:
        """Read what :meth:`save` returned, and notes on versions; ``path`` is for messages."""


def library_version(library: str) -> str:
    """Return a library's version from its module: XGBoost has two distributions."""
    return str(import_module({"scikit-learn": "sklearn"}.get(library, library)).__version__)


class SklearnEstimator(Estimator):
    """A classifier with scikit-learn's interface, fitted inner fold after inner fold.

    Attributes
    ----------
    types : tuple of str
        Types that a saved model is made of, besides those of every model.
    """

    selects = True
    types: tuple[str, ...] = ()

    @abstractmethod
    def build(self, settings: Settings, parameters: Parameters, *, seed: int, n_rows: int) -> Any:
        """Build an unfitted classifier; ``n_rows`` are the outer fold's training rows."""

    @property
    def bag_member(self) -> SklearnEstimator | None:
        """Return itself."""
        return self

    def fit_folds(self, rows: CandidateRows, parameters: Parameters, report: Report) -> Trial:
        """Fit and score inner folds until all are done or the trial is pruned."""
        fold, validation, aurocs = rows.fold, list[Floats](), list[float]()
        for part in range(len(fold.inner)):
            model = self.fit(rows, parameters, part)
            validation.append(self.score_fold(model, rows.validation(part, parameters)))
            aurocs.append(fold.auroc(part, validation[-1]))
            if report(float(np.mean(aurocs)), part) and part + 1 < len(fold.inner):
                return Trial(parameters, None, [])
        return Trial(parameters, float(np.mean(aurocs)), validation)

    def fit(self, rows: CandidateRows, parameters: Parameters, part: int = WHOLE) -> Any:
        """Fit a classifier, with class weights where they are the sampler."""
        train, seed = rows.train(part, parameters), rows.seed(part)
        model = self.build(rows.settings, parameters, seed=seed, n_rows=rows.fold.train.size)
        if not SAMPLERS[rows.sampler].reweights:
            return model.fit(train.x, train.y)
        steps = getattr(model, "steps", None)
        return model.fit(
            train.x, train.y, **{f"{steps[-1][0]}__sample_weight" if steps else "sample_weight": train.weight}
        )

    def score_fold(self, model: Any, x: Floats) -> Floats:
        """Score rows by the probability of class 1 or, where there is none, by the decision's sigmoid."""
        if hasattr(model, "predict_proba"):
            return np.asarray(model.predict_proba(x)[:, 1], dtype=np.float64)
        return expit(np.asarray(model.decision_function(x), dtype=np.float64))

    def vote(self, model: Any, x: Floats) -> Floats:
        """Score rows as a member of a bag: by probability, or by class where there is none."""
        return self.score(model, x)

    def save(self, model: Any) -> bytes:
        """Return the classifier in skops' format."""
        from radiomics_mammo.evaluation.training.estimators.skops_io import dump

        return dump(model, types=self.types)

    def load(self, content: bytes, *, path: Path) -> tuple[Any, tuple[str, ...]]:
        """Read skops' format."""
        from radiomics_mammo.evaluation.training.estimators.skops_io import load

        return load(content, path=path, types=self.types)

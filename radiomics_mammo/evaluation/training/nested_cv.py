"""Nested cross-validation of one candidate in one outer fold: tune, calibrate, fit."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from radiomics_mammo.evaluation.cohort.records import FEATURES, Candidate, Model
from radiomics_mammo.evaluation.metrics.operating_point import choose_threshold, parse_rule
from radiomics_mammo.evaluation.training.calibration import Calibrator, fit_calibrator, logit
from radiomics_mammo.evaluation.training.dense_head import HeadPair, grow_heads_together
from radiomics_mammo.evaluation.training.estimators import Draw, Parameters, dense_head
from radiomics_mammo.evaluation.training.feature_selection import RANKINGS
from radiomics_mammo.evaluation.training.fitted_model import Fitted, raw_score
from radiomics_mammo.evaluation.training.fold_data import Bench, Prepared
from radiomics_mammo.evaluation.training.plan import WHOLE
from radiomics_mammo.evaluation.training.preprocessing import with_choice
from radiomics_mammo.evaluation.training.registry import MODELS, SAMPLERS
from radiomics_mammo.evaluation.training.resampling import Resampled, repeats, resample
from radiomics_mammo.evaluation.training.samplers import balanced_weights
from radiomics_mammo.evaluation.training.tuning import Report, Tried, search
from radiomics_mammo.evaluation.training.xgboost import Pair, booster_parameters, grow, grow_together, to_matrix

Floats = NDArray[np.float64]
Rankings = Mapping[tuple[int, str], NDArray[np.int32]]
"""Prepared columns, the best first, by inner fold (or ``WHOLE``) and method."""

_MOST_EPOCHS = 60
_PATIENCE = 10  # epochs without a better mean AUROC before a head stops
_REWEIGHED = ("none", "weights", "oversampling")  # what a booster is told by weights alone


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """What the inner folds decided for a candidate.

    Attributes
    ----------
    parameters : dict
    score : float
        Mean AUROC of the inner folds; NaN where nothing was tried.
    calibrator : Calibrator
    threshold : float
    notes : tuple of str
    held : ndarray of float64, shape (training units,), or None
        Out-of-fold raw scores of the inner folds; kept where an ensemble needs them.
    curves : ndarray of float64, shape (n_points, 6), or None
        How a dense head learnt (see :data:`radiomics_mammo.evaluation.training.dense_head.CURVES`).
    """

    parameters: Parameters
    score: float
    calibrator: Calibrator
    threshold: float
    notes: tuple[str, ...] = ()
    held: Floats | None = None
    curves: Floats | None = None


@dataclass(frozen=True, slots=True, eq=False)
class CandidateFold:
    """What one candidate gave in one fold.

    Attributes
    ----------
    candidate : str
    repeat, fold : int
    raw, p : ndarray of float64, shape (test units of the fold,)
        The model's own score, and the calibrated probability.
    choice : Choice
    seconds : float
    """

    candidate: str
    repeat: int
    fold: int
    raw: Floats
    p: Floats
    choice: Choice
    seconds: float


def choose(bench: Bench, candidate: Candidate, rankings: Rankings) -> Choice:
    """Tune a candidate, then fit calibrator and threshold on the inner folds' out-of-fold scores.

    The scores are of real rows, summed up by unit; no resampled row is ever among them.
    """
    model, tuning = MODELS[candidate.model], bench.plan.tuning
    if model.fit == "none":
        return _share_for_everybody(bench)
    attempt, notes = _attempt(bench, candidate, rankings), set[str]()
    with _noting(candidate, notes):
        found = search(attempt.run, _space(model, candidate, tuning.select), trials=tuning.trials, seed=bench.seed)
    held = np.empty(bench.train.size)
    for (_, rows), scores in zip(bench.inner, found.held, strict=True):
        held[rows] = scores
    scores = bench.by_unit(held)
    # A reader's few levels lie on no logistic curve.
    kind = "isotonic" if model.fit == "score" else tuning.calibration
    calibrator, threshold = calibrate(scores, bench.unit_y, kind=kind, operate_at=tuning.operate_at)
    notes |= {f"{candidate.name} {note}" for note in attempt.notes}
    score = np.nan if found.score is None else found.score
    return Choice(found.parameters, score, calibrator, threshold, tuple(sorted(notes)), scores, attempt.curves)


def calibrate(scores: Floats, y: NDArray[np.int8], *, kind: str, operate_at: str) -> tuple[Calibrator, float]:
    """Fit calibrator and threshold on out-of-fold scores of training units."""
    calibrator = fit_calibrator(scores, y, kind=kind)
    return calibrator, choose_threshold(y, calibrator(scores), parse_rule(operate_at))


def fit(
    bench: Bench, candidate: Candidate, choice: Choice, rankings: Rankings
) -> tuple[Fitted, Floats, tuple[str, ...]]:
    """Train a candidate with the settings that were chosen, on all training rows of the fold.

    Returns
    -------
    fitted : Fitted
    scores : ndarray of float64
        Raw scores of the fold's test units.
    notes : tuple of str
        What the model had to do differently here.
    """
    model, notes = MODELS[candidate.model], set[str]()
    if _by_weight(model, candidate):
        steps, train, _ = bench.matrices(WHOLE)
        parameters = booster_parameters(bench.plan.settings, choice.parameters, seed=bench.seed)
        estimator = grow(train, _weight(candidate, train.y, bench.seed), parameters, rounds=choice.parameters["rounds"])
    else:
        made = bench.prepared(WHOLE)
        columns = _columns(made, choice.parameters, WHOLE, rankings)
        steps = made.steps if columns is None else with_choice(made.steps, columns.tolist())
        x = _narrowed(made.fit, columns)
        with _noting(candidate, notes):
            estimator, note = _train(bench, candidate, choice.parameters, x, bench.y, bench.seed)
        notes |= {f"{candidate.name} {note}"} if note else set()
    fitted = Fitted(candidate, bench.block, steps, estimator, choice.calibrator, choice.threshold, choice.parameters)
    return fitted, bench.test_by_unit(_test_scores(bench, fitted)), tuple(sorted(notes))


def _test_scores(bench: Bench, fitted: Fitted) -> Floats:
    if bench.test.size == 0:
        return np.zeros(0)
    score = fitted.score if bench.whole else fitted.score_fold
    return score(bench.test_rows())


@contextmanager
def _noting(candidate: Candidate, notes: set[str]) -> Iterator[None]:
    """Turn the warning that a model did not converge into one note; other warnings are passed on."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        yield
    for one in caught:
        if issubclass(one.category, ConvergenceWarning):
            notes.add(f"{candidate.name} did not converge in some folds")
        else:
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)


def _share_for_everybody(bench: Bench) -> Choice:
    share = float(bench.unit_y.mean())
    intercept = float(logit(np.array([share]), least=1e-9)[0])
    calibrator = Calibrator("sigmoid", (), (intercept, 0.0))
    # Its own answer is the threshold, to the bit: everybody is called.
    return Choice({}, float("nan"), calibrator, float(calibrator(np.array([share]))[0]))


def _by_weight(model: Model, candidate: Candidate) -> bool:
    return model.boosted and candidate.sampler in _REWEIGHED


def _weight(candidate: Candidate, y: NDArray[np.int8], seed: int) -> Floats:
    if candidate.sampler == "weights":
        return balanced_weights(y)
    return repeats(y, seed=seed) if candidate.sampler == "oversampling" else np.ones(y.size)


def _space(model: Model, candidate: Candidate, select: str) -> Callable[[Draw], Parameters]:
    """Join what the model tunes with the choice of features and, in a bag, the number of rounds."""

    def space(draw: Draw) -> Parameters:
        parameters = {} if model.space is None else model.space(draw)
        if model.boosted and candidate.sampler == "bagging":
            parameters["rounds"] = draw.whole("rounds", 100, 40, 300)
        if model.selects and select == "auto":
            parameters["select"] = draw.choice("select", "none", ("none", *RANKINGS))
        elif select in RANKINGS and chooses(model):
            parameters["select"] = select
        if parameters.get("select", "none") != "none":
            parameters["k"] = draw.whole("k", 20, 5, 60)
        return parameters

    return space


def chooses(model: Model) -> bool:
    """Whether a model can be given few features: any of radiomic features but XGBoost, which chooses by itself."""
    return model.block == FEATURES and model.fit == "sklearn" and not model.baseline


def _columns(made: Prepared, parameters: Parameters, part: int, rankings: Rankings) -> NDArray[np.int32] | None:
    """Give the prepared columns that a model is to have; None for all."""
    if "components" in parameters:  # the leading ones of each embedder
        order = np.concatenate([np.arange(size) for size in made.steps["compress"].sizes()])
        return np.flatnonzero(order < parameters["components"]).astype(np.int32)
    method = parameters.get("select", "none")
    return None if method == "none" else np.sort(rankings[part, method][: parameters["k"]])


def _narrowed(x: Floats, columns: NDArray[np.int32] | None) -> Floats:
    return x if columns is None else x[:, columns]


def _train(
    bench: Bench, candidate: Candidate, parameters: Parameters, x: Floats, y: NDArray[np.int8], seed: int
) -> tuple[Any, str]:
    """Resample training rows and fit an estimator with scikit-learn's face on them; say what could not be done."""
    model = MODELS[candidate.model]
    if candidate.sampler == "bagging":
        return _bag(bench, model, parameters, x, y, seed), ""
    rows = resample(x, y, sampler=candidate.sampler, seed=seed)
    if model.boosted:
        return _boost_resampled(bench, parameters, rows, seed), rows.note
    assert model.build is not None
    estimator = model.build(bench.plan.settings, _own(parameters), seed, bench.train.size)
    return estimator.fit(rows.x, rows.y, **_fit_weights(estimator, candidate, rows)), rows.note


def _own(parameters: Parameters) -> Parameters:
    return {name: value for name, value in parameters.items() if name not in ("select", "k", "components")}


def _fit_weights(estimator: Any, candidate: Candidate, rows: Resampled) -> dict[str, Floats]:
    if candidate.sampler != "weights":
        return {}
    steps = getattr(estimator, "steps", None)
    return {"sample_weight" if steps is None else f"{steps[-1][0]}__sample_weight": rows.weight}


def _bag(bench: Bench, model: Model, parameters: Parameters, x: Floats, y: NDArray[np.int8], seed: int) -> Any:
    """Fit the model on balanced undersamples and average them (Wallace et al., ICDM 2011)."""
    assert model.build is not None
    n_rows = 2 * int(np.bincount(bench.y, minlength=2).min())
    member = model.build(bench.plan.settings, _own(parameters), seed, n_rows)
    return SAMPLERS["bagging"].build(y, seed)(member).fit(x, y)


def _boost_resampled(bench: Bench, parameters: Parameters, rows: Resampled, seed: int) -> Any:
    settings = bench.plan.settings
    matrix = to_matrix(rows.x, rows.y, settings=settings)
    own = booster_parameters(settings, parameters, seed=seed)
    return grow(matrix, rows.weight, own, rounds=parameters["rounds"])


class _Boosted:
    """Attempts of a booster: matrices are made once, the rounds come from the inner folds grown in step."""

    def __init__(self, bench: Bench, candidate: Candidate) -> None:
        self.bench, self.candidate = bench, candidate
        self.notes: set[str] = set()
        self.curves: Floats | None = None
        self._pairs: list[Pair] = []

    def run(self, parameters: Parameters, report: Report) -> Tried:  # noqa: ARG002 (it stops early by itself)
        """Grow the inner folds together."""
        bench = self.bench
        own = booster_parameters(bench.plan.settings, parameters, seed=bench.seed)
        if not self._pairs:
            self._pairs = [self._pair(part) for part in range(len(bench.inner))]
        grown = grow_together(self._pairs, own, judge=bench.judge_all)
        return Tried({**parameters, "rounds": grown.rounds}, grown.score, grown.held)

    def _pair(self, part: int) -> Pair:
        bench, candidate = self.bench, self.candidate
        seed = bench.seed + 1 + part
        if _by_weight(MODELS[candidate.model], candidate):
            _, train, held = bench.matrices(part)
            assert held is not None  # an inner fold always holds some rows out
            return Pair(train, _weight(candidate, train.y, seed), held)
        made, (fit_rows, held_rows) = bench.prepared(part), bench.inner[part]
        rows = resample(made.fit, bench.y[fit_rows], sampler=candidate.sampler, seed=seed)
        self.notes |= {rows.note} - {""}
        settings = bench.plan.settings
        train = to_matrix(rows.x, rows.y, settings=settings)
        held = to_matrix(made.held, bench.y[held_rows], settings=settings, reference=train)
        return Pair(train, rows.weight, held)


class _OneByOne:
    """Attempts of an estimator with scikit-learn's face: an inner fold after the other."""

    def __init__(self, bench: Bench, candidate: Candidate, rankings: Rankings) -> None:
        self.bench, self.candidate, self.rankings = bench, candidate, rankings
        self.notes: set[str] = set()
        self.curves: Floats | None = None

    def run(self, parameters: Parameters, report: Report) -> Tried:
        """Fit and score inner folds until all are done or these settings are given up."""
        bench, held, found = self.bench, [], []
        for part, (fit_rows, _) in enumerate(bench.inner):
            made = bench.prepared(part)
            columns = _columns(made, parameters, part, self.rankings)
            x, x_held = _narrowed(made.fit, columns), _narrowed(made.held, columns)
            fitted, note = _train(bench, self.candidate, parameters, x, bench.y[fit_rows], bench.seed + 1 + part)
            self.notes |= {note} - {""}
            held.append(raw_score(fitted, x_held))
            found.append(bench.judge(part, held[-1]))
            if report(float(np.mean(found)), part) and part + 1 < len(bench.inner):
                return Tried(parameters, None, [])
        return Tried(parameters, float(np.mean(found)), held)


class _Heads:
    """The attempt of a dense head, which has one setting: its epochs come from the inner folds, trained in step."""

    def __init__(self, bench: Bench, candidate: Candidate) -> None:
        self.bench, self.candidate = bench, candidate
        self.notes: set[str] = set()
        self.curves: Floats | None = None

    def run(self, parameters: Parameters, report: Report) -> Tried:  # noqa: ARG002 (it stops early by itself)
        """Train the inner folds together."""
        bench = self.bench
        made = [bench.prepared(part) for part in range(len(bench.inner))]
        pairs = [
            HeadPair(one.fit, bench.y[fit_rows], one.held, bench.y[held_rows])
            for one, (fit_rows, held_rows) in zip(made, bench.inner, strict=True)
        ]
        head = dense_head(bench.plan.settings, {"epochs": _MOST_EPOCHS}, bench.seed, bench.train.size)
        grown = grow_heads_together(pairs, head, judge=bench.judge_all, patience=_PATIENCE)
        self.curves = grown.curves
        return Tried({**parameters, "epochs": grown.epochs}, grown.score, grown.held)


def _attempt(bench: Bench, candidate: Candidate, rankings: Rankings) -> _Boosted | _Heads | _OneByOne:
    if MODELS[candidate.model].fit == "head":
        return _Heads(bench, candidate)
    if MODELS[candidate.model].boosted and candidate.sampler != "bagging":
        return _Boosted(bench, candidate)
    return _OneByOne(bench, candidate, rankings)

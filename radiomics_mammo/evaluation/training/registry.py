"""Models and candidates. A new model is one module in ``estimators`` and one line in ``MODELS``."""

from __future__ import annotations

from dataclasses import dataclass

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.records import EMBEDDINGS, FEATURES, FUSION, Candidate
from radiomics_mammo.evaluation.training.estimators.bagging import Bag
from radiomics_mammo.evaluation.training.estimators.base import Estimator
from radiomics_mammo.evaluation.training.estimators.baselines import ColumnScore, Prevalence
from radiomics_mammo.evaluation.training.estimators.dense_head.estimator import DenseHeadEstimator
from radiomics_mammo.evaluation.training.estimators.lightgbm import LightGBM
from radiomics_mammo.evaluation.training.estimators.linear import ElasticNet, Lasso, Logistic
from radiomics_mammo.evaluation.training.estimators.svm import LinearSvm, RbfSvm
from radiomics_mammo.evaluation.training.estimators.trees import ExtraTrees, RandomForest
from radiomics_mammo.evaluation.training.estimators.xgboost import XGBoost
from radiomics_mammo.evaluation.training.samplers import SAMPLERS


@dataclass(frozen=True, slots=True)
class Model:
    """A line of ``MODELS``.

    Attributes
    ----------
    estimator : Estimator or None
        None for an ensemble, which combines the scores of other candidates.
    baseline : bool
        Whether it is compared only as a baseline: never the best, never with a sampler.
    explained : bool
        Whether SHAP explains it by feature.
    selects : bool
        Whether selecting few features first is part of its tuning.
    components : int
        Principal components that each embedder's columns are reduced to, inside the fold; 0 keeps the columns.
    """

    title: str
    estimator: Estimator | None = None
    block: str = FEATURES
    baseline: bool = False
    explained: bool = False
    selects: bool = False
    components: int = 0

    @property
    def ensemble(self) -> bool:
        """Return whether it combines the scores of other candidates."""
        return self.estimator is None

    @property
    def constant(self) -> bool:
        """Return whether it scores all rows alike."""
        return self.estimator is not None and self.estimator.constant


MODELS: dict[str, Model] = {
    "prevalence": Model("Prevalence only", Prevalence(), baseline=True),
    "size": Model("Size only", Logistic(), block="size", baseline=True),
    "shape": Model("Shape only", Logistic(), block="shape", baseline=True),
    "metadata": Model("Metadata only", Logistic(), block="metadata", baseline=True),
    "scanner": Model("Scanner only", Logistic(), block="scanner", baseline=True),
    "radiologists": Model("Radiologists' assessment", ColumnScore(), block="radiologists", baseline=True),
    "logistic": Model("Logistic regression (L2)", Logistic(), selects=True),
    "lasso": Model("Logistic regression (L1)", Lasso(), selects=True),
    "elasticnet": Model("Elastic net", ElasticNet(high=3.0), selects=True),
    "svm": Model("Linear SVM", LinearSvm(), selects=True),
    "svm-rbf": Model("SVM, Gaussian kernel", RbfSvm(), selects=True),
    "forest": Model("Random forest", RandomForest(), explained=True),
    "extratrees": Model("Extra trees", ExtraTrees(), explained=True),
    "xgboost": Model("XGBoost", XGBoost(), explained=True),
    "lightgbm": Model("LightGBM", LightGBM(), explained=True),
    "probe": Model("Linear probe of the embedding", Logistic(1e-3, 1e-6, 1.0), block=EMBEDDINGS),
    "emb-logistic": Model(
        "Embedding, PCA + logistic", Logistic(0.01, 1e-5, 1.0, components=64), block=EMBEDDINGS, components=64
    ),
    "emb-xgboost": Model("Embedding, PCA + XGBoost", XGBoost(), block=EMBEDDINGS, components=32),
    "head": Model("Embedding, dense head", DenseHeadEstimator(), block=EMBEDDINGS),
    "fusion-logistic": Model("Early fusion, logistic", Logistic(), block=FUSION, components=32),
    "fusion-xgboost": Model("Early fusion, XGBoost", XGBoost(), block=FUSION, explained=True, components=32),
    "average": Model("Late fusion, average"),
    "rank-average": Model("Late fusion, rank average"),
    "stack": Model("Late fusion, stacking"),
}

REFERENCE_MODEL = "xgboost+oversampling"
"""The candidate that every other is compared with."""

DEFAULT_CANDIDATES: tuple[str, ...] = (
    "prevalence",
    "size",
    "shape",
    "metadata",
    "scanner",
    "radiologists",
    "logistic",
    "lasso",
    "elasticnet",
    "svm",
    "svm-rbf",
    "forest",
    "extratrees",
    "xgboost",
    "xgboost+weights",
    "xgboost+oversampling",
    "xgboost+smote",
    "xgboost+borderline",
    "xgboost+adasyn",
    "xgboost+smoteenn",
)
EMBEDDED_CANDIDATES: tuple[str, ...] = ("probe", "emb-logistic", "emb-xgboost", "head")
"""What a table with embeddings adds to the default candidates; the first and the last once an embedder where there are
several."""
FUSED_CANDIDATES: tuple[str, ...] = ("fusion-logistic", "fusion-xgboost")
"""What a table with radiomic features and embeddings adds."""
ENSEMBLES: tuple[str, ...] = ("average", "rank-average", "stack")
"""What such a table adds last."""
MEMBERS: tuple[str, ...] = ("logistic", REFERENCE_MODEL, "emb-logistic", "emb-xgboost")
"""Candidates that the ensembles are made of, where none are named."""
IMBALANCED = 0.1
"""Below this share of positives the default candidates include ``xgboost+bagging``."""


def split_name(name: str) -> Candidate:
    """Parse ``model[+sampler][@block]``, known or not."""
    rest, _, block = name.strip().partition("@")
    model, _, sampler = rest.partition("+")
    return Candidate(model, sampler or "none", block)


def parse_candidate(name: str) -> Candidate:
    """Parse ``model[+sampler][@block]`` as a candidate of the comparison.

    A block, the beginning of an embedder's columns, goes with the models of embeddings only. Whether the table has
    it is checked when the candidates are chosen.
    """
    parsed = split_name(name)
    if parsed.model not in MODELS:
        raise InputError(
            f"no model is called {parsed.model!r}",
            remedy=f"Models: {', '.join(MODELS)}; each may be followed by +SAMPLER ({', '.join(SAMPLERS)}).",
        )
    if parsed.sampler not in SAMPLERS:
        raise InputError(f"no sampler is called {parsed.sampler!r}", remedy=f"Samplers: {', '.join(SAMPLERS)}.")
    model = MODELS[parsed.model]
    if parsed.sampler != "none" and model.baseline:
        raise InputError(
            f"{parsed.model} is a baseline: no sampler goes with it", remedy=f"Ask for {parsed.model} alone."
        )
    if parsed.sampler != "none" and not takes(model, parsed.sampler):
        raise InputError(f"{parsed.sampler} does not go with {parsed.model}", remedy=f"Ask for {parsed.model} alone.")
    if "+" in parsed.block:
        raise InputError(f"{name!r} is not understood", remedy="The sampler comes first: MODEL+SAMPLER@EMBEDDER.")
    if "@" in name and (not parsed.block or model.block != EMBEDDINGS):
        fitting = ", ".join(key for key, line in MODELS.items() if line.block == EMBEDDINGS)
        raise InputError(f"{name!r} is not understood", remedy=f"@EMBEDDER goes with {fitting}.")
    return parsed


def takes(model: Model, sampler: str) -> bool:
    """Return whether a sampler goes with a model."""
    return sampler == "none" or (not model.baseline and model.estimator is not None and model.estimator.takes(sampler))


def estimator_of(candidate: Candidate) -> Estimator:
    """Return the kind of model of a candidate; a bag of it for the sampler bagging."""
    estimator = MODELS[candidate.model].estimator
    assert estimator is not None, f"{candidate.model} is an ensemble, which is not fitted"
    member = estimator.bag_member if candidate.sampler == "bagging" else None
    return estimator if member is None else Bag(member)


def is_baseline(name: str) -> bool:
    """Return whether a candidate's name is a baseline's; one of another version is not."""
    model = MODELS.get(split_name(name).model)
    return model is not None and model.baseline


def block_of(candidate: Candidate) -> str:
    """Return the name of the columns that a candidate is given."""
    return candidate.block or MODELS[candidate.model].block


def parse_candidates(text: str) -> tuple[Candidate, ...]:
    """Parse a list of candidates; ``+all`` stands for every sampler of the model."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    candidates = tuple(candidate for name in names for candidate in _all_samplers(name))
    if not candidates:
        raise InputError("no model was named", remedy=f"Default: --models {','.join(DEFAULT_CANDIDATES)}")
    doubled = sorted({candidate.name for candidate in candidates if candidates.count(candidate) > 1})
    if doubled:
        raise InputError(f"named twice: {', '.join(doubled)}", remedy="Name each model once in --models.")
    return candidates


def _all_samplers(name: str) -> list[Candidate]:
    parsed = split_name(name)
    if parsed.sampler != "all":
        return [parse_candidate(name)]
    model = MODELS.get(parsed.model)
    fitting = [each for each in SAMPLERS if model is not None and takes(model, each)]
    samplers = fitting if len(fitting) > 1 else list(SAMPLERS)  # none goes with it: its error says so
    return [parse_candidate(Candidate(parsed.model, each, parsed.block).name) for each in samplers]


def candidate_title(candidate: Candidate) -> str:
    """Return a candidate's title in the report."""
    title = MODELS[candidate.model].title
    if candidate.sampler != "none":
        title = f"{title} + {SAMPLERS[candidate.sampler].title}"
    return f"{title} ({candidate.block})" if candidate.block else title

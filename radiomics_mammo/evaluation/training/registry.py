"""Models, samplers and what compares them. A new one is one builder and one line in its table."""

from __future__ import annotations

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.records import EMBEDDINGS, FUSION, Candidate, Model, Sampler
from radiomics_mammo.evaluation.training import estimators as made
from radiomics_mammo.evaluation.training import samplers

MODELS: dict[str, Model] = {
    "prevalence": Model("Prevalence only", "none", made.prevalence, baseline=True),
    "size": Model("Size only", "sklearn", made.logistic, made.cost_space, block="size", baseline=True),
    "shape": Model("Shape only", "sklearn", made.logistic, made.cost_space, block="shape", baseline=True),
    "metadata": Model("Metadata only", "sklearn", made.logistic, made.cost_space, block="metadata", baseline=True),
    "scanner": Model("Scanner only", "sklearn", made.logistic, made.cost_space, block="scanner", baseline=True),
    "radiologists": Model("Radiologists' assessment", "score", made.column_score, block="radiologists", baseline=True),
    "logistic": Model("Logistic regression (L2)", "sklearn", made.logistic, made.cost_space, selects=True),
    "lasso": Model("Logistic regression (L1)", "sklearn", made.l1, made.cost_space, selects=True),
    "elasticnet": Model("Elastic net", "sklearn", made.elastic_net, made.elastic_space, selects=True),
    "svm": Model("Linear SVM", "sklearn", made.svm_linear, made.cost_space, selects=True),
    "svm-rbf": Model("SVM, Gaussian kernel", "sklearn", made.svm_rbf, made.kernel_space, selects=True),
    "forest": Model("Random forest", "sklearn", made.forest, made.leaf_space, tree=True),
    "extratrees": Model("Extra trees", "sklearn", made.extra_trees, made.leaf_space, tree=True),
    "xgboost": Model("XGBoost", "boosted", made.boosted_classifier, made.boosted_space, tree=True),
    "probe": Model("Linear probe of the embedding", "sklearn", made.logistic, made.probe_space, block=EMBEDDINGS),
    "emb-logistic": Model(
        "Embedding, PCA + logistic", "sklearn", made.logistic, made.components_space, block=EMBEDDINGS, components=64
    ),
    "emb-xgboost": Model(
        "Embedding, PCA + XGBoost",
        "boosted",
        made.boosted_classifier,
        made.boosted_space,
        block=EMBEDDINGS,
        components=32,
    ),
    "head": Model("Embedding, dense head", "head", made.dense_head, block=EMBEDDINGS),
    "fusion-logistic": Model(
        "Early fusion, logistic", "sklearn", made.logistic, made.cost_space, block=FUSION, components=32
    ),
    "fusion-xgboost": Model(
        "Early fusion, XGBoost",
        "boosted",
        made.boosted_classifier,
        made.boosted_space,
        block=FUSION,
        tree=True,
        components=32,
    ),
    "average": Model("Late fusion, average", "ensemble"),
    "rank-average": Model("Late fusion, rank average", "ensemble"),
    "stack": Model("Late fusion, stacking", "ensemble"),
}

SAMPLERS: dict[str, Sampler] = {
    "none": Sampler("no resampling", samplers.none, least=0),
    "weights": Sampler("class weights", samplers.none, least=1),
    "oversampling": Sampler("random oversampling", samplers.oversampling, least=1),
    "smote": Sampler("SMOTE", samplers.smote, least=2, interpolates=True),
    "borderline": Sampler("borderline SMOTE", samplers.borderline, least=2, interpolates=True),
    "adasyn": Sampler("ADASYN", samplers.adasyn, least=2, interpolates=True),
    "smoteenn": Sampler("SMOTE-ENN", samplers.smoteenn, least=2, interpolates=True),
    "bagging": Sampler("balanced bagging", samplers.bagging, least=1),
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


def parse_candidate(name: str) -> Candidate:
    """Read ``model`` or ``model+sampler``, with ``@block`` behind it or without, as a candidate of the comparison.

    A block, the beginning of an embedder's columns, goes with the models of embeddings only. Whether the table has
    it is seen when the candidates are laid out.

    Raises
    ------
    InputError
        The model or the sampler is not in its table, or they do not go together.
    """
    rest, at, block = name.strip().partition("@")
    model, _, sampler = rest.partition("+")
    sampler = sampler or "none"
    if model not in MODELS:
        raise InputError(
            f"no model is called {model!r}",
            remedy=f"Models: {', '.join(MODELS)}; each may be followed by +SAMPLER ({', '.join(SAMPLERS)}).",
        )
    if sampler not in SAMPLERS:
        raise InputError(f"no sampler is called {sampler!r}", remedy=f"Samplers: {', '.join(SAMPLERS)}.")
    if sampler != "none" and MODELS[model].baseline:
        raise InputError(f"{model} is a baseline: no sampler goes with it", remedy=f"Ask for {model} alone.")
    if sampler != "none" and MODELS[model].fit in ("head", "ensemble"):
        raise InputError(f"no sampler goes with {model}", remedy=f"Ask for {model} alone.")
    if "+" in block:
        raise InputError(f"{name!r} is not understood", remedy="The sampler comes first: MODEL+SAMPLER@EMBEDDER.")
    if at and (not block or MODELS[model].block != EMBEDDINGS):
        fit = ", ".join(one for one, made in MODELS.items() if made.block == EMBEDDINGS)
        raise InputError(f"{name!r} is not understood", remedy=f"@EMBEDDER goes with {fit}.")
    return Candidate(model, sampler, block)


def model_of(name: str) -> Model | None:
    """Give the model of a candidate by the candidate's name; None where another version called it so."""
    return MODELS.get(name.partition("@")[0].partition("+")[0])


def block_of(candidate: Candidate) -> str:
    """Name the columns that a candidate is given."""
    return candidate.block or MODELS[candidate.model].block


def parse_candidates(text: str) -> tuple[Candidate, ...]:
    """Read a comma-separated list of candidates; ``all`` after a plus sign stands for every sampler.

    Raises
    ------
    InputError
        A candidate is unknown, named twice, or none is named.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    candidates = tuple(candidate for name in names for candidate in _candidates(name))
    if not candidates:
        raise InputError("no model was named", remedy=f"Default: --models {','.join(DEFAULT_CANDIDATES)}")
    doubled = sorted({candidate.name for candidate in candidates if candidates.count(candidate) > 1})
    if doubled:
        raise InputError(f"named twice: {', '.join(doubled)}", remedy="Name each model once in --models.")
    return candidates


def _candidates(name: str) -> list[Candidate]:
    rest, at, block = name.partition("@")
    model, _, sampler = rest.partition("+")
    if sampler == "all":
        return [parse_candidate((model if one == "none" else f"{model}+{one}") + at + block) for one in SAMPLERS]
    return [parse_candidate(name)]


def candidate_title(candidate: Candidate) -> str:
    """Name a candidate as a reader of the report knows it."""
    title = MODELS[candidate.model].title
    if candidate.sampler != "none":
        title = f"{title} + {SAMPLERS[candidate.sampler].title}"
    return f"{title} ({candidate.block})" if candidate.block else title

"""Models, samplers and what compares them. A new one is one builder and one line in its table."""

from __future__ import annotations

from radiomics_mammo.errors import InputError
from radiomics_mammo.models.records import Arm, Model, Sampler
from radiomics_mammo.models.training import learners, samplers

MODELS: dict[str, Model] = {
    "prevalence": Model("Prevalence only", learners.prevalence, resamples=False),
    "logistic": Model("Logistic regression (L2)", learners.logistic),
    "forest": Model("Random forest", learners.forest, tree=True),
    "xgboost": Model("XGBoost", learners.xgboost, tree=True, boosted=True),
}

SAMPLERS: dict[str, Sampler] = {
    "none": Sampler("no resampling", samplers.none, least=0),
    "oversampling": Sampler("random oversampling", samplers.oversampling, least=1),
    "smote": Sampler("SMOTE", samplers.smote, least=2),
}

DEFAULT_ARMS: tuple[str, ...] = (
    "prevalence",
    "logistic",
    "forest",
    "xgboost",
    "xgboost+oversampling",
    "xgboost+smote",
)


def parse_arm(name: str) -> Arm:
    """Read ``model`` or ``model+sampler`` as an arm of the comparison.

    Raises
    ------
    InputError
        The model or the sampler is not in its table, or the model does not look at the rows at all.
    """
    model, _, sampler = name.strip().partition("+")
    sampler = sampler or "none"
    if model not in MODELS:
        raise InputError(
            f"no model is called {model!r}",
            remedy=f"Models: {', '.join(MODELS)}; each may be followed by +SAMPLER ({', '.join(SAMPLERS)}).",
        )
    if sampler not in SAMPLERS:
        raise InputError(f"no sampler is called {sampler!r}", remedy=f"Samplers: {', '.join(SAMPLERS)}.")
    if sampler != "none" and not MODELS[model].resamples:
        raise InputError(f"{model} cannot be crossed with a sampler", remedy=f"Ask for {model} alone.")
    return Arm(model, sampler)


def parse_arms(text: str) -> tuple[Arm, ...]:
    """Read a comma-separated list of arms.

    Raises
    ------
    InputError
        An arm is unknown, named twice, or none is named.
    """
    arms = tuple(parse_arm(name) for name in text.split(",") if name.strip())
    if not arms:
        raise InputError("no model was named", remedy=f"Default: --models {','.join(DEFAULT_ARMS)}")
    doubled = sorted({arm.name for arm in arms if arms.count(arm) > 1})
    if doubled:
        raise InputError(f"named twice: {', '.join(doubled)}", remedy="Name each model once in --models.")
    return arms


def arm_title(arm: Arm) -> str:
    """Name an arm as a reader of the report knows it."""
    title = MODELS[arm.model].title
    return title if arm.sampler == "none" else f"{title} + {SAMPLERS[arm.sampler].title}"

"""What a run knows of its models: what they are, how they were trained and chosen, what they put out."""

from __future__ import annotations

from radiomics_mammo.evaluation.training.registry import split_name
from radiomics_mammo.reports.checklists.base import NO, NOT_APPLICABLE, PARTLY, YES, Answer, Facts
from radiomics_mammo.reports.components.numbers import number
from radiomics_mammo.reports.components.run_facts import is_tuned, training_patients


def models(facts: Facts) -> Answer:
    """Kinds of models and how rows are prepared for them."""
    said = f"{'; '.join(facts.run.info.candidates.values())}. {handling(facts).evidence}"
    if facts.run.info.embeddings:
        return Answer(PARTLY, f"{said} The layers of the embedding networks are those of their publications.")
    return Answer(YES, said)


def building(facts: Facts) -> Answer:
    """Type of model, all steps, tuning and validation; the reasons are the authors'."""
    return Answer(
        PARTLY,
        f"{models(facts).evidence} {training(facts).evidence} Validated in {facts.folds} folds × {facts.repeats} "
        "repeats. Why these models is for the authors.",
    )


def handling(facts: Facts) -> Answer:
    """How predictors are scaled and transformed."""
    said = (
        "Within each fold: constant and nearly equal columns out, nulls to the median with an indicator, mean 0 and "
        "deviation 1 (XGBoost takes columns as they are); no transformation by hand."
    )
    if facts.run.info.embeddings:
        said += " Embeddings are standardised, or cut to principal components, within the fold as well."
    return Answer(YES, said)


def libraries(facts: Facts) -> Answer:
    """Software and versions."""
    return Answer(YES, ", ".join(f"{name} {said}" for name, said in facts.run.info.versions.items()))


def initial(facts: Facts) -> Answer:
    """Seeds, and the weights that embedders came with."""
    info = facts.run.info
    seeds = "Seeds: " + ", ".join(f"{name} {value}" for name, value in info.seeds.items())
    weights = [
        f"{one['name']}: frozen weights from {one['source']}, SHA-256 {one['sha256']}" for one in info.embeddings
    ]
    return Answer(YES, "; ".join([seeds, *weights]) + ".")


def training(facts: Facts) -> Answer:
    """How settings were tuned."""
    command = facts.run.info.command
    if "trials" not in command:
        return Answer(PARTLY, "The run does not record how many settings were tried.")
    tried = f"{command['trials']} settings of each model, the defaults first" if is_tuned(command) else "The defaults"
    curves = " Training curves are shown." if facts.results.learning_curves is not None else ""
    inner = command.get("inner_folds", "some")
    return Answer(YES, f"{tried}; judged by mean AUROC of {inner} inner folds by patient.{curves}")


def choice(facts: Facts) -> Answer:
    """How the final model was chosen."""
    if not facts.best:
        return Answer(NO, "No model that looks at the features was compared.")
    said = f"{facts.best} has the highest AUROC out of fold"
    bias = facts.results.selection_bias
    if bias is None:
        return Answer(YES, f"{said}; the figure is not corrected for the choice.")
    first = bias.iloc[0]
    optimism = "" if first["corrected"] < first["apparent"] else ": no optimism found"
    return Answer(
        YES,
        f"{said} of {len(bias)}: {number(first['apparent'])}, and {number(first['corrected'])} when corrected for "
        f"having been chosen on the same patients{optimism}.",
    )


def ensembles(facts: Facts) -> Answer:
    """Ensembles against their best member."""
    table = facts.results.ensembles
    if table is None or table.empty:
        return Answer(NOT_APPLICABLE, "No ensemble was compared.")
    names = ", ".join(dict.fromkeys(table["ensemble"].astype(str)))
    return Answer(YES, f"{names}: each with its members, and minus its best single member, paired.")


def explained(facts: Facts) -> Answer:
    """Methods that explain a model."""
    info = facts.run.info
    if facts.run.contributions is None and facts.results.shap_features is None:
        return Answer(NO, "No model was explained.")
    title = info.candidates.get(info.explained, info.explained)
    null = ", beside values with labels shuffled" if facts.results.shap_permutation is not None else ""
    return Answer(YES, f"SHAP values of {title} on the rows that each fold left out{null}. They explain the model.")


def imbalance(facts: Facts) -> Answer:
    """Methods against imbalance, and what they did to the probabilities."""
    info = facts.run.info
    candidates = [name for name in info.candidates if "+" in name]
    heads = [title for name, title in info.candidates.items() if split_name(name).model == "head"]
    share = f"{100 * info.positives / info.units:.1f}% of the units are {info.classes[1]}"
    if not candidates and not heads:
        return Answer(NOT_APPLICABLE, f"None was used; {share}.")
    said = [_resampled(facts, candidates)] if candidates else []
    said += [f"{', '.join(heads)}: trained with balanced class weights"] if heads else []
    return Answer(PARTLY, f"{'; '.join(said)}; {_calibrated(facts)}; {share}. Why is for the authors.")


def _resampled(facts: Facts, candidates: list[str]) -> str:
    """Name the candidates with a sampler, apart those that stand beside the same model without it."""
    info = facts.run.info
    twins = set(facts.run.differences["model"])
    beside = [info.candidates[name] for name in candidates if name in twins]
    alone = [info.candidates[name] for name in candidates if name not in twins]
    parts = [f"{', '.join(beside)}: each beside the same model without it"] if beside else []
    parts += [f"{', '.join(alone)}: without the same model beside it"] if alone else []
    return f"{'; '.join(parts)}, on training rows only"


def _calibrated(facts: Facts) -> str:
    """Say whether probabilities were calibrated after training, as far as the run records it."""
    kind = facts.run.info.command.get("calibration")
    if kind is None:
        return "how probabilities were calibrated is not recorded"
    if kind == "none":
        return "probabilities are not calibrated afterwards"
    before = "; those before calibration are shown as well" if facts.results.uncalibrated is not None else ""
    return f"probabilities are calibrated afterwards ({kind}){before}"


def output(facts: Facts) -> Answer:
    """Probabilities and calls."""
    command = facts.run.info.command
    if "calibration" not in command:
        return Answer(PARTLY, "Probabilities; how they were calibrated and cut is not recorded.")
    return Answer(
        PARTLY,
        f"Probabilities (calibration: {command['calibration']}) and calls at the threshold by "
        f"{command.get('operate_at', '?')}, both fitted on inner out-of-fold predictions of training patients. Why "
        f"this "
        "threshold is for the authors.",
    )


def updating(facts: Facts) -> Answer:
    """Whether a model was updated after it was evaluated."""
    if facts.results.test_shifted is None:
        return Answer(NOT_APPLICABLE, "No model was updated after its evaluation.")
    return Answer(
        YES, "The held-out patients's probabilities were moved to another prevalence; figures of both are shown."
    )


def specification(facts: Facts) -> Answer:
    """The model itself, for others to use."""
    info = facts.run.info
    if not info.final_model:
        return Answer(NO, "The run kept no model.")
    title = info.candidates.get(info.final_model, info.final_model)
    return Answer(
        YES,
        f"{title}, trained on {training_patients(info)}, is saved in the run with its card; radiomics_mammo.predict "
        f"applies it.",
    )


def sharing(facts: Facts) -> Answer:
    """Whether others can have the model."""
    if not facts.run.info.final_model:
        return Answer(NO, "The run kept no model.")
    return Answer(PARTLY, f"{specification(facts).evidence} Whether it is shared is for the authors.")


def details(facts: Facts) -> Answer:
    """Technical details beyond the text."""
    return Answer(
        PARTLY,
        f"run.json holds options, seeds, versions and the table's SHA-256 {facts.run.info.table_sha256}. A protocol is "
        "for the authors.",
    )


def unusable(facts: Facts) -> Answer:
    """Poor or missing input when the model is used."""
    flags = " Values out of the training range are flagged by case." if facts.results.out_of_range is not None else ""
    return Answer(
        PARTLY,
        "A case that cannot be measured gets no prediction but a named failure; nulls are filled as in training."
        f"{flags} How good an image must be is for the authors.",
    )

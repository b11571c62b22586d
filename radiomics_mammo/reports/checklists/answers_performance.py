"""What a run knows of what its models are worth: metrics, uncertainty, comparisons, tests."""

from __future__ import annotations

from radiomics_mammo.evaluation.metrics.metrics import METRICS
from radiomics_mammo.evaluation.training.registry import split_name
from radiomics_mammo.reports.checklists.answers_data import shuffled
from radiomics_mammo.reports.checklists.base import AUTHORS, NO, NOT_APPLICABLE, PARTLY, YES, Answer, Facts
from radiomics_mammo.reports.components.model_names import COMPARED_WITH_BEST
from radiomics_mammo.reports.components.numbers import number

_RADIOLOGY = ("radiologists", "size", "metadata")
_SIMPLE = ("prevalence", "logistic", "lasso", "elasticnet")
_CLUSTERS = ("site_id", "machine_id")


def measures(facts: Facts) -> Answer:
    """Which metrics there are, and whether calls are counted."""
    named = [METRICS[name].title for name in dict.fromkeys(facts.run.summary["metric"]) if name in METRICS]
    results = facts.results
    counted = results.confusion is not None or results.operating is not None
    net = "; net benefit over thresholds" if results.decision_curve is not None else ""
    calls = "; counts of calls at the operating threshold" if counted else "; no counts of calls"
    return Answer(YES if counted else PARTLY, f"{', '.join(named)}{calls}{net}.")


def uncertainty(facts: Facts) -> Answer:
    """Intervals and tests."""
    if not facts.best:
        return Answer(NO, "No model that looks at the features was compared.")
    draws = facts.run.info.command.get("bootstrap", "some")
    said = f"AUROC of {facts.best} {facts.metric('auroc')}; 95% intervals by {draws} draws of patients, all their rows"
    if facts.results.pairs is None:
        return Answer(PARTLY, f"{said}; no paired tests.")
    tests = len(facts.results.pairs)
    return Answer(
        YES,
        f"{said}; {tests} paired differences against {facts.reference}, clustered by patient (Obuchowski), "
        f"corrected by "
        "Holm.",
    )


def calibration(facts: Facts) -> Answer:
    """Calibration out of fold."""
    slope = facts.metric("calibration_slope") if facts.best else ""
    if not slope:
        return Answer(NO, "No calibration of a model that looks at the features was assessed.")
    curve = "with its curve" if facts.results.reliability is not None else "without a curve"
    return Answer(YES, f"Calibration slope {slope}, Brier score {facts.metric('brier')}, {curve}.")


def one_modality(facts: Facts) -> Answer:
    """Single kind of image."""
    if not facts.run.info.provenance.get("recipe_hash"):
        return Answer(AUTHORS, "What images another tool measured is not recorded.")
    return Answer(YES, "A case is one image; nothing is combined across kinds of images.")


def beyond_radiomics(facts: Facts) -> Answer:
    """What radiologists see, or size alone, beside the models."""
    candidates = facts.has_candidate(*_RADIOLOGY)
    if not candidates:
        return Answer(NO, "No reading, size or other non-radiomic baseline was compared.")
    net = " Net benefit is shown." if facts.results.decision_curve is not None else ""
    found = _tested(facts, candidates, _RADIOLOGY)
    beside = facts.has_candidate(*COMPARED_WITH_BEST) if facts.best and facts.results.pairs is not None else []
    own = ""
    if found.answer == PARTLY and beside:
        own = f" {facts.best} minus {' and '.join(beside)} is shown, on the patients that the best was chosen on."
    return Answer(found.answer, f"{found.evidence}{own}{net}")


def simple_models(facts: Facts) -> Answer:
    """Simple reference models."""
    candidates = facts.has_candidate(*_SIMPLE)
    if not candidates:
        return Answer(NO, "No simple model was compared.")
    return _tested(facts, candidates, _SIMPLE)


def _tested(facts: Facts, candidates: list[str], models: tuple[str, ...]) -> Answer:
    """Say of baselines what they were tested against: all is shown only where that is the best model, or is one."""
    said = ", ".join(candidates)
    pairs, best = facts.results.pairs, facts.run.info.best
    if pairs is None or pairs.empty:
        return Answer(PARTLY, f"{said}, without a paired test.")
    against = f"paired tests against {facts.reference}, corrected by Holm"
    own = pairs[pairs["against"] == best]["model"].map(lambda name: split_name(name).model)
    if best and (own.isin(models).any() or split_name(best).model in models):
        return Answer(YES, f"{said}, with {against}.")
    rest = f"; the best model, {facts.best}, is not in these tests" if best else ""
    return Answer(PARTLY, f"{said}, with {against}{rest}.")


def confounders(facts: Facts) -> Answer:
    """What the machine or the patient's data alone can tell."""
    info = facts.run.info
    found = [(name, info.candidates[name]) for name in ("scanner", "metadata") if name in info.candidates]
    table = facts.results.subgroups
    apart = "results by subgroup" if table is not None and len(table) > 1 else ""
    shown = [f"{title}: AUROC {facts.metric('auroc', model=name)}" for name, title in found]
    if not shown and not apart:
        return Answer(NO, "Nothing was looked at that could confound.")
    said = "; ".join([*shown, *([apart] if apart else [])])
    return Answer(PARTLY, f"Looked at: {said}. Confounders that no column names are for the authors.")


def robustness(facts: Facts) -> Answer:
    """Sensitivity analyses: what the run varied."""
    results = facts.results
    table = results.subgroups
    done = [
        "subgroups" if table is not None and len(table) > 1 else "",
        "the usual mistakes made on purpose, with their price" if results.auroc_inflation is not None else "",
        f"{facts.repeats} repeats with other folds" if facts.repeats > 1 else "",
    ]
    said = ", ".join(one for one in done if one)
    null = shuffled(facts)
    if not said and not null:
        return Answer(NO, "Nothing was varied.")
    return Answer(PARTLY, f"Varied: {said or 'labels'}.{null} No other images, outlines or settings of measurement.")


def internal(facts: Facts) -> Answer:
    """Patients of the same source whom the model has not seen."""
    info = facts.run.info
    folds = f"Out of fold: AUROC {facts.metric('auroc')} ({facts.best})." if facts.best else "Out of fold."
    if info.command.get("official") and info.test:
        return Answer(
            YES, f"{folds} The collection's own test split, {info.test['patients']} patients, was kept apart."
        )
    if info.test:
        return Answer(
            PARTLY,
            f"{folds} A test table of {info.test['patients']} patients was kept apart; whether it is of the same "
            f"source "
            "the run does not know.",
        )
    return Answer(PARTLY, f"{folds} No patients were kept apart from cross-validation.")


def evaluated(facts: Facts) -> Answer:
    """Evaluation within the data that the models come from."""
    if not facts.best:
        return Answer(NO, "No model that looks at the features was compared.")
    return Answer(
        YES, f"{facts.folds} folds × {facts.repeats} repeats, by patient; {facts.best}: AUROC {facts.metric('auroc')}."
    )


def external(facts: Facts) -> Answer:
    """Patients of another institution."""
    info = facts.run.info
    if info.phantom:
        return Answer(NOT_APPLICABLE, "The images are simulated: there is no institution.")
    if not info.test:
        return Answer(NO, "There is no test on data of another origin.")
    if info.command.get("official"):
        return Answer(NO, "The test split is of the same collection.")
    return Answer(
        AUTHORS,
        f"A test table of {info.test['patients']} patients was kept apart (SHA-256 {info.test['sha256']}). Whether "
        f"it is "
        "of another institution the run does not know.",
    )


def mistakes(facts: Facts) -> Answer:
    """Which cases were called wrongly."""
    table = facts.results.operating
    own = table[table["model"] == facts.run.info.best] if table is not None else None
    if own is None or own.empty:
        return Answer(PARTLY, "The report shows the most confident mistakes; why they happened is for the authors.")
    row = own.iloc[0]
    return Answer(
        PARTLY,
        f"{facts.best} at its operating threshold: {row['fn']:.0f} missed and {row['fp']:.0f} false alarms (means over "
        "repeats); the report shows cases. Why they happened is for the authors.",
    )


def clusters(facts: Facts) -> Answer:
    """Differences between sites or machines."""
    table = facts.results.subgroups
    there = [] if table is None else sorted(set(table["column"].dropna()) & set(_CLUSTERS))
    if there:
        return Answer(PARTLY, f"Performance is shown by {' and '.join(there)}; no model of the differences was fitted.")
    return Answer(NO, "No column of the table names sites or machines, or nothing was shown by them.")


def subgroups(facts: Facts) -> Answer:
    """Performance with intervals, also of subgroups; which of them matter is the authors' to say."""
    if not facts.best:
        return Answer(NO, "No model that looks at the features was compared.")
    table = facts.results.subgroups
    said = f"AUROC of {facts.best} {facts.metric('auroc')}"
    levels = [] if table is None else list(dict.fromkeys(table["title"].astype(str)))
    apart = [one.lower() for one in levels if one != "All"]
    if not apart:
        return Answer(PARTLY, f"{said}; no subgroups.")
    return Answer(
        PARTLY, f"{said}; with intervals also by {', '.join(apart)}. Whether these are the key ones is for the authors."
    )


def diagnostic(facts: Facts) -> Answer:
    """Sensitivity and specificity with intervals."""
    table = facts.results.operating
    own = table[table["model"] == facts.run.info.best] if table is not None else None
    if own is None or own.empty:
        return Answer(NO, "No calls at a threshold are counted.")
    row = own.iloc[0]
    said = [
        f"{name} {number(row[name])} ({number(row[f'{name}_low'])} to {number(row[f'{name}_high'])})"
        for name in ("sensitivity", "specificity")
    ]
    return Answer(YES, f"{facts.best} at its operating threshold: {', '.join(said)}.")


def limitations(_: Facts) -> Answer:
    """Limits that the run knows of."""
    return Answer(PARTLY, "The report lists what its figures cannot tell; the limits of the study are for the authors.")


def guidelines(_: Facts) -> Answer:
    """Whether a guideline was followed."""
    return Answer(
        PARTLY, "This page holds the run against METRICS, CLAIM and TRIPOD+AI; following them is for the authors."
    )

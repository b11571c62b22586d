"""What a run knows of its data: source, preparation, counts, partitions."""

from __future__ import annotations

from radiomics_mammo.evaluation.metrics.subgroups import SUBGROUPS
from radiomics_mammo.reports.checklists.base import AUTHORS, NO, NOT_APPLICABLE, PARTLY, YES, Answer, Facts
from radiomics_mammo.reports.components.run_facts import table_names

_DIGITS = 12  # of a hash: enough to tell two apart
_STEPS = "constant columns, and of columns that are nearly alike in rank all but the first, are left out"


def sources(facts: Facts) -> Answer:
    """Where the images are from."""
    if facts.run.info.phantom:
        return Answer(YES, "Simulated images (phantom); no patient is behind them.")
    citation = facts.collection.get("citation")
    if citation:
        return Answer(PARTLY, f"{citation} Why these data, and whom they stand for, is for the authors.")
    if facts.reader:
        return Answer(AUTHORS, f"Read by the reader {facts.reader}; which patients they are of the run does not know.")
    return Answer(AUTHORS, "The table was made by another tool, which recorded no source.")


def preparation(facts: Facts) -> Answer:
    """Image processing, as the recipe says it."""
    made = facts.run.info.provenance
    if not made.get("recipe_hash"):
        return Answer(AUTHORS, "The table was made by another tool; its settings are not recorded.")
    inputs = "".join(f"; {one['name']} saw the {one['input']}" for one in facts.run.info.embeddings)
    return Answer(
        YES,
        f"Recipe {made.get('recipe_name', '')}, hash {str(made['recipe_hash'])[:_DIGITS]}…, in full under the method: "
        f"image types, grey levels, resampling, classes of features{inputs}.",
    )


def prepared(facts: Facts) -> Answer:
    """Image processing where an item asks for more than its description."""
    found = preparation(facts)
    if found.answer != YES:
        return found
    return Answer(PARTLY, f"{found.evidence} Whether it suits the images, and who checked them, is for the authors.")


def software(facts: Facts) -> Answer:
    """Standardised software for features."""
    made = facts.run.info.provenance
    if not made.get("engine"):
        return Answer(AUTHORS, "The table was made by another tool, whose version is not recorded.")
    number = str((made.get("versions") or {}).get("radiomics-mammo", ""))
    return Answer(
        YES if number else PARTLY,
        f"radiomics_mammo {number or 'of a version that is not recorded'}, engine {made['engine']}: the definitions "
        "are pyradiomics', and the tests hold them against pyradiomics and the reference values of IBSI.",
    )


def missing(facts: Facts) -> Answer:
    """Nulls and cases without a row."""
    info = facts.run.info
    failed = (
        f"{info.failures} cases could not be measured"
        if info.failures >= 0
        else "how many cases could not be measured is not recorded"
    )
    return Answer(
        YES if info.failures >= 0 else PARTLY,
        "Nulls become the median of the training rows, with an indicator (XGBoost takes nulls as they are), fitted "
        f"within each fold; {failed}.",
    )


def flow(facts: Facts) -> Answer:
    """Who is in and who is out."""
    info = facts.run.info
    failed = f"{info.failures} cases without a row" if info.failures >= 0 else "cases without a row: not recorded"
    held = f"; held out: {info.test['rows']} cases of {info.test['patients']} patients" if info.test else ""
    cases = f"{info.rows} cases of {info.patients} patients"
    said = f"{cases}, {info.positives} of {info.units} units {info.classes[1]}; {failed}"
    return Answer(PARTLY, f"{said}{held}. Who was left out before the table was made is for the authors.")


def characteristics(facts: Facts) -> Answer:
    """What the cases are like."""
    there = [title for name, title in SUBGROUPS.items() if name in facts.run.cases.columns]
    if not there:
        return Answer(AUTHORS, "The table has no column on age, density, view or machine.")
    named = ", ".join(dict.fromkeys(there)).lower()
    both = bool(facts.run.info.test) and facts.results.label_shift is not None
    apart = " Training and test are compared column by column." if both else ""
    return Answer(PARTLY, f"The report counts or judges by: {named}.{apart} Anything else is for the authors.")


def assignment(facts: Facts) -> Answer:
    """How rows came into folds, and when."""
    info = facts.run.info
    parts = f"{facts.folds} folds × {facts.repeats} repeats, stratified, seed {info.seeds.get('folds', '?')}"
    if info.test:
        parts += f"; {info.test['patients']} patients held out ({table_names(info.test['table'])})"
    said = f"{parts}; before scaling, imputing, resampling, choosing, tuning and calibrating."
    if info.provenance.get("recipe_hash"):
        return Answer(YES, said)
    return Answer(PARTLY, f"{said} What another tool did to the table before, the run does not know.")


def disjoint(facts: Facts) -> Answer:
    """Whether patients are on one side of every split: counted, not claimed."""
    info = facts.run.info
    if facts.crossing:
        return Answer(NO, f"Counted in the predictions: patients in two folds of one repeat: {facts.crossing}.")
    seen = [one["name"] for one in info.embeddings if one.get("forced")]
    if seen:
        return Answer(
            NO,
            f"The weights of {', '.join(seen)} were trained on images of this collection (forced), so they may have "
            "seen patients of every fold.",
        )
    held = " Whoever is in the test set was left out of training." if info.test else ""
    said = f"Split by {info.group}; counted in the predictions: no patient is in two folds of a repeat.{held}"
    if info.group == "patient_id":
        return Answer(YES, said)
    return Answer(PARTLY, f"{said} Whether {info.group} names patients is for the authors.")


def partitions(facts: Facts) -> Answer:
    """Assignment and disjointness as one item."""
    apart, how = disjoint(facts), assignment(facts)
    return Answer(how.answer if apart.answer == YES else apart.answer, f"{how.evidence} {apart.evidence}")


def redundant(facts: Facts) -> Answer:
    """Redundant features are removed in every fold."""
    choice = facts.run.info.command.get("select")
    chosen = f"; choice of features: {choice}" if choice else ""
    return Answer(YES, f"Within each training fold {_STEPS}{chosen}.")


def robust(_: Facts) -> Answer:
    """Robustness of features to a second scan or another outline is not examined."""
    return Answer(NO, "No second scan, second outline or perturbed image is compared.")


def dimensions(facts: Facts) -> Answer:
    """How many features for how many patients."""
    info = facts.run.info
    fewer = min(info.positives, info.units - info.positives)
    null = shuffled(facts)
    return Answer(
        PARTLY,
        f"{info.features} features, {info.patients} patients, {fewer} units of the rarer class; judged on held-out "
        f"patients "
        f"only.{null} Whether that suffices is for the authors.",
    )


def shuffled(facts: Facts) -> str:
    """Say what a model makes of shuffled labels; empty where it was not tried."""
    table = facts.results.leakage_checks
    if table is None:
        return ""
    own = table[table["check"] == "permutation_test"]
    return f" {own['sentence'].iloc[0]}" if len(own) else ""


def predictors(facts: Facts) -> Answer:
    """How predictors were chosen to begin with."""
    info = facts.run.info
    also = info.command.get("also_features") or []
    extra = f"; let in by name: {', '.join(map(str, also))}" if also else "; no column of identity is among them"
    return Answer(
        PARTLY,
        f"All {info.features} feature columns of the table{extra}; the run chose nothing outside the folds. Why these "
        "features were measured is for the authors.",
    )


def definitions(facts: Facts) -> Answer:
    """How predictors are defined."""
    if not facts.run.info.provenance.get("recipe_hash"):
        return Answer(AUTHORS, "The features were made by another tool, which recorded no definitions.")
    return Answer(
        PARTLY,
        "Features are computed by the recipe and defined in the catalogue; whoever outlined the regions may have known "
        "the outcome, which the run cannot tell.",
    )


def shift(facts: Facts) -> Answer:
    """How those held out differ from those trained on."""
    if not facts.run.info.test:
        return Answer(NOT_APPLICABLE, "There is no second set of patients.")
    if facts.results.label_shift is None:
        return Answer(AUTHORS, "The run compared nothing between the two sets.")
    return Answer(
        PARTLY, "Shares of positives of both sets are compared, overall and by column; the setting is for the authors."
    )


def counts(facts: Facts) -> Answer:
    """Patients and events of each analysis."""
    info = facts.run.info
    held = f"; held out: {info.test['positives']} of {info.test['units']} units" if info.test else ""
    return Answer(
        YES,
        f"{info.positives} of {info.units} units are {info.classes[1]}; each model is trained on {facts.folds - 1} of "
        f"{facts.folds} folds and tuned in inner folds of those{held}.",
    )

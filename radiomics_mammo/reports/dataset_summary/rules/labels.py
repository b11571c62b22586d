"""Rules on the label: how rare it is, who has none, where it changes, and which columns say it."""

from __future__ import annotations

import numpy as np

from radiomics_mammo.reports.components.numbers import number, percent, records
from radiomics_mammo.reports.dataset_summary.base import Facts, Finding, some
from radiomics_mammo.reports.dataset_summary.estimates import auroc_of, either_way

_RARE = 0.1
_ORDERED = 0.55
_WITHOUT_CALLBACK = "BENIGN_WITHOUT_CALLBACK"


def no_label(facts: Facts) -> list[Finding]:
    """Without a label nothing can be learnt."""
    known, positive = int((facts.dataset.y >= 0).sum()), int((facts.dataset.y == 1).sum())
    advice = "Name a column cancer or malignant (0 or 1) in the list, or join the labels on case_id later."
    if not known:
        return [Finding("caution", "no-label", "No row says who is positive.", advice)]
    if positive in (0, known):
        which = "positive" if positive else "negative"
        return [Finding("caution", "no-label", f"All {known:,} labelled rows are {which}.", "Add the other class.")]
    absent = facts.dataset.y.size - known
    if absent:
        said = f"{facts.dataset.label} is not known in {absent:,} of {facts.dataset.y.size:,} rows."
        return [Finding("caution", "no-label", said, "They can be predicted, but neither trained nor judged on.")]
    return []


def rare(facts: Facts) -> list[Finding]:
    """Where positives are rare, saying no to everybody looks good."""
    balance = facts.tables["balance"]
    if balance.empty or not 0 < balance["share"].iloc[0] < _RARE:
        return []
    row = records(balance)[0]
    breast = [f", {percent(one['share'])} of breasts" for one in records(balance) if one["unit"] == "breast"]
    return [
        Finding(
            "danger",
            "rare-label",
            f"{percent(row['share'])} of {facts.dataset.rows} ({row['positives']:,} of {row['units']:,}) are positive"
            f"{''.join(breast)}: saying no to all is right in {percent(row['accuracy'])}, and the probabilistic F1 of "
            f"saying 1 to all is {number(row['pf1_all'])}, of saying the share to all {number(row['pf1_share'])}.",
            "Judge by AUROC, average precision and sensitivity at a stated specificity, never by accuracy; balance "
            "classes by weights or inside the fold, if at all, and check calibration.",
        )
    ]


def few_positives(facts: Facts) -> list[Finding]:
    """Few patients with the disease make wide intervals, whatever the model."""
    patients = np.unique(facts.dataset.group[facts.dataset.y == 1]).size
    if not 0 < patients < 100:
        return []
    reach = 1.96 * 0.5 / np.sqrt(patients)
    return [
        Finding(
            "caution",
            "few-positives",
            f"{some(patients, 'patient')} {'has' if patients == 1 else 'have'} a positive label: a sensitivity near "
            f"one "
            f"half would be known to ± {100 * reach:.0f} percentage points.",
            "Report intervals, use few features, and do not choose among many models on these patients.",
        )
    ]


def differs_within(facts: Facts) -> list[Finding]:
    """A label that changes within a breast, or a patient, is about less than that."""
    own = facts.tables["disagreements"]
    own = own[(own["column"] == facts.dataset.label) & (own["differ"] > 0)]
    if own.empty:
        return []
    said = " and ".join(f"{some(row['differ'], row['unit'])} of {row['units']:,}" for row in records(own))
    whole = "breast" in facts.dataset.units and "breast" not in set(own["unit"])
    advice = (
        "Say what a prediction is about; rows are summed up as positive if any is (compare --unit breast, patient)."
    )
    if whole:
        advice = "It is one value in every breast, so the breast (patient_id and laterality) is a fair unit to predict."
    return [
        Finding(
            "note" if whole else "caution",
            "label-within",
            f"{facts.dataset.label} differs between the rows of {said} (with two rows or more).",
            advice,
        )
    ]


def _with_auroc(facts: Facts, role: str) -> list[str]:
    """Name the filled columns of a role, each with how well it alone would predict the label."""
    own = facts.tables["predictors"]
    told = {row["column"]: row for row in records(own[own["role"] == role])}
    there = [one.name for one in facts.dataset.columns.values() if one.role == role and one.filled]
    return [f"{name}{_auroc(told[name])}" if name in told else name for name in there]


def says_the_answer(facts: Facts) -> list[Finding]:
    """Columns that are filled in once the diagnosis is known."""
    said = _with_auroc(facts, "afterwards")
    if not said:
        return []
    return [
        Finding(
            "danger",
            "afterwards",
            f"Known only after the diagnosis, with how well each alone would “predict” {facts.dataset.label or 'it'}: "
            f"{', '.join(said)}.",
            "Never give these to a model as features (compare refuses them); use them as labels or strata.",
        )
    ]


def opinions(facts: Facts) -> list[Finding]:
    """What readers thought of the lesion is a result of reading, not of measuring."""
    said = _with_auroc(facts, "opinion")
    if not said:
        return []
    return [
        Finding(
            "caution",
            "opinions",
            f"Readers' opinions: {', '.join(said)}. A model that has them repeats the readers.",
            "Keep them out of the features; compare a model with the assessment instead.",
        )
    ]


def easy_benign(facts: Facts) -> list[Finding]:
    """Benign cases that no radiologist asked to see again are easier than the others."""
    own = facts.tables["counts"]
    own = own[(own["level"] == _WITHOUT_CALLBACK)]
    negatives = int((facts.dataset.y == 0).sum())
    if own.empty or not negatives:
        return []
    n = int(own["rows"].iloc[0])
    return [
        Finding(
            "caution",
            "easy-benign",
            f"{n:,} of {negatives:,} negatives ({percent(n / negatives)}) are BENIGN_WITHOUT_CALLBACK: followed "
            f"without "
            "a biopsy, and easier to tell.",
            "Say whether they are in, and report the AUROC with and without them.",
        )
    ]


def ordered(facts: Facts) -> list[Finding]:
    """An order of rows or of patients's numbers that goes with the label leaks it."""
    dataset, found = facts.dataset, []
    # A patient's number: its digits, so that P_00010 comes after P_00002.
    digits = dataset.frame["patient_id"].str.extract(r"([0-9]{1,15})[^0-9]*$", expand=False).astype("float64")
    rank = np.arange(dataset.y.size, dtype=np.float64)
    scores = (("danger", "The number in patient_id", digits.to_numpy()), ("caution", "The order of the rows", rank))
    for severity, what, score in scores:
        rows = (dataset.y >= 0) & ~np.isnan(score)
        value, low, _ = either_way(auroc_of(dataset.y[rows], np.asarray(score[rows]), dataset.group[rows]))
        if value >= _ORDERED and (low > 0.5 or value == 1.0):
            found.append(
                Finding(
                    severity,
                    "ordered",
                    f"{what} tells {dataset.label} with an AUROC of {number(value)}.",
                    "Nothing that goes with the order (a number, a date, a file name) may become a feature; split at "
                    "random by patient, not by position.",
                )
            )
    return found


def _auroc(row: dict[str, float]) -> str:
    return f" (AUROC {number(row['auroc'])})" if row["auroc"] == row["auroc"] else ""

"""Rules on the label: prevalence, missing labels, its level, and columns that reveal it."""

from __future__ import annotations

import numpy as np

from radiomics_mammo.reports.components.numbers import number, records
from radiomics_mammo.reports.dataset_summary.base import Facts, Finding, finding
from radiomics_mammo.reports.dataset_summary.estimates import auroc_of, both_directions

_RARE = 0.1
_ORDERED = 0.55
_WITHOUT_CALLBACK = "BENIGN_WITHOUT_CALLBACK"


def no_label(facts: Facts) -> list[Finding]:
    """Find rows without a label, or one class only."""
    y = facts.dataset.y
    known, positive = int((y >= 0).sum()), int((y == 1).sum())
    if known == y.size and positive not in (0, known):
        return []
    values = {"label": facts.dataset.label, "known": known, "total": y.size, "positive": positive}
    return [finding("no-label", "caution", **values)]


def rare_label(facts: Facts) -> list[Finding]:
    """Find a low prevalence, where accuracy is misleading."""
    rows = records(facts.tables["balance"])
    if not rows or not 0 < rows[0]["proportion"] < _RARE:
        return []
    breast = next((row["proportion"] for row in rows if row["unit"] == "breast"), None)
    return [finding("rare-label", "danger", rows=facts.dataset.rows, row=rows[0], breast=breast)]


def few_positives(facts: Facts) -> list[Finding]:
    """Find a small number of positive patients, which gives wide intervals."""
    patients = np.unique(facts.dataset.group[facts.dataset.y == 1]).size
    if not 0 < patients < 100:
        return []
    return [finding("few-positives", "caution", patients=patients, margin=100 * 1.96 * 0.5 / np.sqrt(patients))]


def label_level(facts: Facts) -> list[Finding]:
    """Find labels that differ within a breast, or a patient."""
    table = facts.tables["disagreements"]
    table = table[(table["column"] == facts.dataset.label) & (table["differ"] > 0)]
    if table.empty:
        return []
    breast = "breast" in facts.dataset.units and "breast" not in set(table["unit"])
    values = {"label": facts.dataset.label, "units": records(table), "breast": breast}
    return [finding("label-level", "note" if breast else "caution", **values)]


def _with_auroc(facts: Facts, role: str) -> list[str]:
    """Return the filled columns of a role, each with its AUROC as the only predictor."""
    table = facts.tables["predictors"]
    aurocs = {row["column"]: row["auroc"] for row in records(table[table["role"] == role])}
    names = [column.name for column in facts.dataset.columns.values() if column.role == role and column.filled]
    known = {name: auroc for name, auroc in aurocs.items() if auroc == auroc}
    return [f"{name} (AUROC {number(known[name])})" if name in known else name for name in names]


def known_after_diagnosis(facts: Facts) -> list[Finding]:
    """Find columns that are filled in after the diagnosis."""
    columns = _with_auroc(facts, "afterwards")
    values = {"label": facts.dataset.label, "columns": columns}
    return [finding("known-after-diagnosis", "danger", **values)] if columns else []


def reader_assessments(facts: Facts) -> list[Finding]:
    """Find assessments by readers."""
    columns = _with_auroc(facts, "opinion")
    return [finding("reader-assessments", "caution", columns=columns)] if columns else []


def benign_without_callback(facts: Facts) -> list[Finding]:
    """Find benign cases without callback, which are easier than the others."""
    table = facts.tables["counts"]
    rows = table.loc[table["level"] == _WITHOUT_CALLBACK, "rows"].tolist()
    negatives = int((facts.dataset.y == 0).sum())
    if not rows or not negatives:
        return []
    return [finding("benign-without-callback", "caution", n=int(rows[0]), negatives=negatives)]


def label_by_order(facts: Facts) -> list[Finding]:
    """Find an order of rows or of patients' numbers that predicts the label."""
    dataset, findings = facts.dataset, []
    # A patient's number: its digits, so that P_00010 comes after P_00002.
    digits = dataset.frame["patient_id"].str.extract(r"([0-9]{1,15})[^0-9]*$", expand=False).astype("float64")
    rank = np.arange(dataset.y.size, dtype=np.float64)
    scores = (("danger", "The number in patient_id", digits.to_numpy()), ("caution", "The order of the rows", rank))
    for severity, what, score in scores:
        rows = (dataset.y >= 0) & ~np.isnan(score)
        value, low, _ = both_directions(auroc_of(dataset.y[rows], np.asarray(score[rows]), dataset.group[rows]))
        if value >= _ORDERED and (low > 0.5 or value == 1.0):
            findings.append(finding("label-by-order", severity, what=what, label=dataset.label, auroc=value))
    return findings
